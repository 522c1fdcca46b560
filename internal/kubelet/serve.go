package kubelet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/lifecycle"
	"skiff/internal/kubelet/logs"
	"skiff/internal/kubelet/server"
	"skiff/internal/kubelet/stream"
)

// serve opens the kubelet's port. The function returned serves until ctx ends.
func (k *kubelet) serve(ctx context.Context) (func(), error) {
	address := net.JoinHostPort(k.ListenAddress, strconv.Itoa(k.Port))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("kubelet: cannot listen on %s: %w; choose another port, or stop what uses it", address, err)
	}
	s := &http.Server{
		Handler: server.Handler(served{k}, &server.Access{Client: k.client, Node: k.NodeName}),
		TLSConfig: &tls.Config{
			GetCertificate: k.GetCertificate,
			ClientCAs:      k.ClientCA,
			ClientAuth:     tls.VerifyClientCertIfGiven,
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"http/1.1"}, // streams are upgraded, which HTTP/2 cannot
		},
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	return func() {
		stop := context.AfterFunc(ctx, func() { s.Close() })
		defer stop()
		if err := s.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			k.Log.Error("the kubelet's server has ended", slog.Any("err", err))
		}
	}, nil
}

// served answers the server's questions.
type served struct{ k *kubelet }

func (s served) Pods() []*corev1.Pod { return s.k.pods() }

func (s served) Metrics() http.Handler { return promhttp.Handler() }

func (s served) Healthy() error {
	s.k.health.mu.Lock()
	defer s.k.health.mu.Unlock()
	if !s.k.health.connected {
		return errors.New("container runtime is down")
	}
	return nil
}

// find returns a pod and what the runtime has of it.
func (s served) find(ctx context.Context, namespace, name string) (*corev1.Pod, lifecycle.Observed, error) {
	pod := s.k.pod(namespace, name)
	if pod == nil {
		return nil, lifecycle.Observed{}, server.NotFound("pod %q not found in namespace %q on this node", name, namespace)
	}
	seen, err := s.k.observer.Pod(ctx, pod.UID)
	return pod, seen, err
}

// running returns the ID of a container that runs.
func (s served) running(ctx context.Context, namespace, pod, container string) (string, error) {
	_, seen, err := s.find(ctx, namespace, pod)
	if err != nil {
		return "", err
	}
	run := seen.Newest(container)
	if run == nil || run.State != lifecycle.Running {
		return "", server.NotFound("container not found (%q)", container)
	}
	return run.ID, nil
}

func (s served) Exec(ctx context.Context, namespace, pod, container string, command []string, o stream.Options) (*url.URL, error) {
	id, err := s.running(ctx, namespace, pod, container)
	if err != nil {
		return nil, err
	}
	r, err := s.k.runtime.Exec(ctx, &runtimeapi.ExecRequest{
		ContainerId: id, Cmd: command, Tty: o.TTY, Stdin: o.Stdin, Stdout: o.Stdout, Stderr: o.Stderr})
	if err != nil {
		return nil, errors.New(desc(err))
	}
	return url.Parse(r.Url)
}

func (s served) Attach(ctx context.Context, namespace, pod, container string, o stream.Options) (*url.URL, stream.Options, error) {
	id, err := s.running(ctx, namespace, pod, container)
	if err != nil {
		return nil, o, err
	}
	o = withTerminal(o, s.k.pod(namespace, pod), container)
	r, err := s.k.runtime.Attach(ctx, &runtimeapi.AttachRequest{
		ContainerId: id, Tty: o.TTY, Stdin: o.Stdin, Stdout: o.Stdout, Stderr: o.Stderr})
	if err != nil {
		return nil, o, errors.New(desc(err))
	}
	location, err := url.Parse(r.Url)
	return location, o, err
}

// withTerminal is o with a terminal if the container has one, and without if
// not. The one output of a terminal is stdout: a stderr beside it would never
// end.
func withTerminal(o stream.Options, pod *corev1.Pod, container string) stream.Options {
	if pod == nil {
		return o
	}
	if c := containerOf(pod, container); c != nil {
		o.TTY = c.TTY
		o.Stderr = o.Stderr && !c.TTY
	}
	return o
}

func (s served) PortForward(ctx context.Context, namespace, name string) (*url.URL, error) {
	_, seen, err := s.find(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	sandbox := seen.Sandbox()
	if sandbox == nil || !sandbox.Ready {
		return nil, server.NotFound("pod %q is not running", name)
	}
	r, err := s.k.runtime.PortForward(ctx, &runtimeapi.PortForwardRequest{PodSandboxId: sandbox.ID})
	if err != nil {
		return nil, errors.New(desc(err))
	}
	return url.Parse(r.Url)
}

func (s served) Run(ctx context.Context, namespace, pod, container string, command []string) ([]byte, error) {
	id, err := s.running(ctx, namespace, pod, container)
	if err != nil {
		return nil, err
	}
	code, output, err := s.k.exec(ctx, id, command, 0)
	if err == nil && code != 0 {
		err = fmt.Errorf("command terminated with exit code %d: %s", code, output)
	}
	return output, err
}

func (s served) Log(ctx context.Context, namespace, name, container string, o *corev1.PodLogOptions, out io.Writer, flush func()) error {
	pod, seen, err := s.find(ctx, namespace, name)
	if err != nil {
		return err
	}
	if containerOf(pod, container) == nil {
		return server.NotFound("container %q is not valid for pod %q", container, name)
	}
	run := seen.Newest(container)
	if o.Previous {
		if run = seen.Previous(container); run == nil {
			return server.BadRequest("previous terminated container %q in pod %q not found", container, name)
		}
	}
	if run == nil || run.State == lifecycle.Created {
		return server.BadRequest("container %q in pod %q is waiting to start: %s", container, name, waitsFor(pod, container))
	}
	reader := logs.Reader{Path: run.LogPath, Options: *o, Ended: func(ctx context.Context) (bool, error) {
		st, err := s.k.runtime.ContainerStatus(ctx, &runtimeapi.ContainerStatusRequest{ContainerId: run.ID})
		if notFound(err) {
			return true, nil
		}
		return st.GetStatus().GetState() == runtimeapi.ContainerState_CONTAINER_EXITED, err
	}}
	return reader.Copy(ctx, out, flush)
}

// waitsFor is why a container has not started, in lower camel case as clients
// show it.
func waitsFor(pod *corev1.Pod, name string) string {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses} {
		for _, c := range list {
			if c.Name == name && c.State.Waiting != nil {
				if r := c.State.Waiting.Reason; r != "" {
					return r
				}
			}
		}
	}
	return "ContainerCreating"
}

func (k *kubelet) reopenLog(ctx context.Context, id string) error {
	_, err := k.runtime.ReopenContainerLog(ctx, &runtimeapi.ReopenContainerLogRequest{ContainerId: id})
	return err
}
