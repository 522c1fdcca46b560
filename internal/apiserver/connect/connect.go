// Package connect answers the subresources that own their connection: it
// finds the kubelet, pod or service that a request is for, and passes the
// bytes through. log, exec, attach and portforward go to the kubelet of the
// pod's node; proxy to the node, pod or service itself.
//
// It keeps no connection of its own but the transport's idle ones, and reads
// objects only.
package connect

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/proxy"

	"skiff/internal/api"
	"skiff/internal/apiserver"
)

// Config is what the connections are made with.
type Config struct {
	Reader api.Reader // of pods, nodes, services and endpoint slices
	// KubeletTLS has the client certificate that kubelets expect of the API
	// server, and the roots of theirs.
	KubeletTLS *tls.Config
	// Dial makes connections; nil: net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Connector makes the connections.
type Connector struct {
	reader  api.Reader
	kubelet http.RoundTripper // to kubelets
	others  http.RoundTripper // to pods and services, which have any certificate
}

// New makes a connector.
func New(c Config) *Connector {
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	return &Connector{
		reader:  c.Reader,
		kubelet: transport(c, c.KubeletTLS),
		others:  transport(c, &tls.Config{InsecureSkipVerify: true}), // as the API documents it for proxy
	}
}

func transport(c Config, tlsConfig *tls.Config) *http.Transport {
	return &http.Transport{
		DialContext: c.Dial, TLSClientConfig: tlsConfig, TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 8, DisableCompression: true,
	}
}

// Connects are the handlers, for the API server's configuration.
func (c *Connector) Connects() map[apiserver.SubresourceKey]apiserver.ConnectFunc {
	pods := func(sub string) apiserver.SubresourceKey {
		return apiserver.SubresourceKey{Resource: "pods", Subresource: sub}
	}
	return map[apiserver.SubresourceKey]apiserver.ConnectFunc{
		pods("log"):         c.log,
		pods("exec"):        c.command("exec"),
		pods("attach"):      c.command("attach"),
		pods("portforward"): c.portForward,
		pods("proxy"):       c.proxyPod,
		{Resource: "services", Subresource: "proxy"}: c.proxyService,
		{Resource: "nodes", Subresource: "proxy"}:    c.proxyNode,
	}
}

// pass hands the request on to location, upgrades included. rewrite corrects
// the links of HTML answers.
func pass(w http.ResponseWriter, r *http.Request, location *url.URL, via http.RoundTripper, rewrite, upgrade bool) error {
	h := proxy.NewUpgradeAwareHandler(location, via, rewrite, upgrade, responder{})
	h.ServeHTTP(w, r)
	return nil
}

// responder says what is wrong with the other end.
type responder struct{}

func (responder) Error(w http.ResponseWriter, r *http.Request, err error) {
	apiserver.WriteError(w, r, unreachable(err))
}

func unreachable(err error) error {
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return apierrors.NewTimeoutError(err.Error(), 0)
	default:
		return apierrors.NewInternalError(err)
	}
}
