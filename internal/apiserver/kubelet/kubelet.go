// Package kubelet passes requests on to where they are answered: logs, exec,
// attach and port-forward to the kubelet of the pod's node, and the proxy
// subresources to nodes, pods and services.
//
// It looks up where to go and rewrites the URL; what flows after that, be it a
// log, SPDY or WebSocket frames, it copies unread. Kubelets are called with the
// API server's client certificate, and their certificates are checked against
// the cluster's authority.
package kubelet

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authz"
)

// Proxy answers the subresources that own their connection.
type Proxy struct {
	Reader     api.Reader
	Authorizer authz.Authorizer

	kubelets http.RoundTripper // with our certificate, to checked servers
	insecure http.RoundTripper // the same, for logs of a server that is not checked
	plain    http.RoundTripper // to pods, services and other ports of nodes
}

// New makes a proxy. config has the API server's client certificate for
// kubelets and the authority that they are checked against.
func New(reader api.Reader, authorizer authz.Authorizer, config *tls.Config) *Proxy {
	unchecked := config.Clone()
	unchecked.InsecureSkipVerify = true // the client asked for it: insecureSkipTLSVerifyBackend
	return &Proxy{
		Reader: reader, Authorizer: authorizer,
		kubelets: transport(config), insecure: transport(unchecked),
		// Certificates of pods and services are nobody's to check, as upstream has it.
		plain: transport(&tls.Config{InsecureSkipVerify: true}),
	}
}

// transport speaks HTTP/1.1 alone: HTTP/2 cannot be upgraded.
func transport(config *tls.Config) http.RoundTripper {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
}

// Connects are the answers by subresource, as apiserver.Config wants them.
func (p *Proxy) Connects() map[apiserver.SubresourceKey]apiserver.ConnectFunc {
	return map[apiserver.SubresourceKey]apiserver.ConnectFunc{
		{Resource: "pods", Subresource: "log"}:         p.log,
		{Resource: "pods", Subresource: "exec"}:        p.exec,
		{Resource: "pods", Subresource: "attach"}:      p.attach,
		{Resource: "pods", Subresource: "portforward"}: p.portForward,
		{Resource: "pods", Subresource: "proxy"}:       p.pod,
		{Resource: "services", Subresource: "proxy"}:   p.service,
		{Resource: "nodes", Subresource: "proxy"}:      p.node,
	}
}

const kubeletPort = 10250

// address is where a node's kubelet serves.
func (p *Proxy) address(r *http.Request, node string) (string, error) {
	obj, err := p.Reader.Get(r.Context(), core.Node, "", node)
	if err != nil {
		return "", err
	}
	n := obj.(*corev1.Node)
	host, err := preferred(n)
	if err != nil {
		return "", err
	}
	port := int(n.Status.DaemonEndpoints.KubeletEndpoint.Port)
	if port == 0 {
		port = kubeletPort
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

// addressOrder is in which order a node's addresses are tried; an address
// needs no name server.
var addressOrder = []corev1.NodeAddressType{
	corev1.NodeInternalIP, corev1.NodeExternalIP, corev1.NodeHostName, corev1.NodeInternalDNS, corev1.NodeExternalDNS,
}

func preferred(n *corev1.Node) (string, error) {
	for _, kind := range addressOrder {
		for _, a := range n.Status.Addresses {
			if a.Type == kind && a.Address != "" {
				return a.Address, nil
			}
		}
	}
	return "", apierrors.NewInternalError(fmt.Errorf("node %q has no address to reach its kubelet at", n.Name))
}

// getPod returns the pod of a request.
func (p *Proxy) getPod(r *http.Request, c *apiserver.Call) (*corev1.Pod, error) {
	obj, err := p.Reader.Get(r.Context(), core.Pod, c.Namespace, c.Name)
	if err != nil {
		return nil, err
	}
	return obj.(*corev1.Pod), nil
}
