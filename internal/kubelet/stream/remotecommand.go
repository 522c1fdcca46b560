// Package stream carries exec, attach and port-forward between the callers of
// the kubelet and the runtime's streaming server.
//
// The runtime speaks SPDY, and WebSocket only in versions that cannot close
// stdin. SPDY goes through byte for byte; WebSocket is translated here.
package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilproxy "k8s.io/apimachinery/pkg/util/proxy"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream/wsstream"
)

// Options are the streams that a caller asks for.
type Options struct{ Stdin, Stdout, Stderr, TTY bool }

// The channels of a WebSocket, by number.
const (
	stdin = iota
	stdout
	stderr
	failure
	resize
	channels
)

// nonZeroExit and exitCode are how a status says a command's exit code.
const (
	nonZeroExit = metav1.StatusReason("NonZeroExitCode")
	exitCode    = metav1.CauseType("ExitCode")
)

// ServeCommand connects a caller with the exec or attach that the runtime
// serves at location.
func ServeCommand(w http.ResponseWriter, r *http.Request, location *url.URL, o Options) {
	if !wsstream.IsWebSocketRequest(r) {
		proxy(w, r, location)
		return
	}
	conn := wsstream.NewConn(protocols(o))
	_, streams, err := conn.Open(w, r)
	if err != nil {
		return // Open has answered
	}
	defer conn.Close()
	announce(streams, o)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	err = command(ctx, location, streams, o)
	_ = json.NewEncoder(streams[failure]).Encode(status(err))
}

// protocols are the WebSocket protocols understood, newest first in meaning:
// from v4 on the end is told as a Status, v5 can close stdin.
func protocols(o Options) map[string]wsstream.ChannelProtocolConfig {
	list := make([]wsstream.ChannelType, channels)
	list[stdin] = direction(o.Stdin, wsstream.ReadChannel)
	list[stdout] = direction(o.Stdout, wsstream.WriteChannel)
	list[stderr] = direction(o.Stderr, wsstream.WriteChannel)
	list[failure], list[resize] = wsstream.WriteChannel, wsstream.ReadChannel
	raw := wsstream.ChannelProtocolConfig{Binary: true, Channels: list}
	base64 := wsstream.ChannelProtocolConfig{Binary: false, Channels: list}
	return map[string]wsstream.ChannelProtocolConfig{
		"": raw, "channel.k8s.io": raw, "v4.channel.k8s.io": raw, "v5.channel.k8s.io": raw,
		"base64.channel.k8s.io": base64, "v4.base64.channel.k8s.io": base64,
	}
}

func direction(wanted bool, t wsstream.ChannelType) wsstream.ChannelType {
	if wanted {
		return t
	}
	return wsstream.IgnoreChannel
}

// announce tells the caller, by an empty message, that the streams are there.
func announce(streams []io.ReadWriteCloser, o Options) {
	switch {
	case o.Stdout:
		_, _ = streams[stdout].Write(nil)
	case o.Stderr:
		_, _ = streams[stderr].Write(nil)
	default:
		_, _ = streams[failure].Write(nil)
	}
}

// command runs the streams against the runtime, over SPDY.
func command(ctx context.Context, location *url.URL, streams []io.ReadWriteCloser, o Options) error {
	executor, err := remotecommand.NewSPDYExecutor(&rest.Config{Host: location.Host}, http.MethodPost, location)
	if err != nil {
		return err
	}
	so := remotecommand.StreamOptions{Tty: o.TTY}
	if o.Stdin {
		so.Stdin = streams[stdin]
	}
	if o.Stdout {
		so.Stdout = streams[stdout]
	}
	if o.Stderr {
		so.Stderr = streams[stderr]
	}
	if o.TTY {
		so.TerminalSizeQueue = sizes{json.NewDecoder(streams[resize])}
	}
	return executor.StreamWithContext(ctx, so)
}

// sizes are the terminal sizes that the caller sends.
type sizes struct{ in *json.Decoder }

// Next returns the next size; nil once there are no more.
func (s sizes) Next() *remotecommand.TerminalSize {
	var size remotecommand.TerminalSize
	if s.in.Decode(&size) != nil {
		return nil
	}
	return &size
}

// status says how a command ended.
func status(err error) metav1.Status {
	if err == nil {
		return metav1.Status{Status: metav1.StatusSuccess}
	}
	var exit utilexec.CodeExitError
	if errors.As(err, &exit) {
		return metav1.Status{
			Status: metav1.StatusFailure, Reason: nonZeroExit,
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: exitCode, Message: fmt.Sprint(exit.Code)}}},
			Message: fmt.Sprintf("command terminated with non-zero exit code: %v", err),
		}
	}
	return metav1.Status{Status: metav1.StatusFailure, Reason: metav1.StatusReasonInternalError, Code: http.StatusInternalServerError, Message: err.Error()}
}

// proxy forwards an upgraded connection as it is.
func proxy(w http.ResponseWriter, r *http.Request, location *url.URL) {
	h := utilproxy.NewUpgradeAwareHandler(location, http.DefaultTransport, false, true, responder{})
	h.ServeHTTP(w, r)
}

// responder answers what could not be forwarded.
type responder struct{}

func (responder) Error(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusInternalServerError)
}
