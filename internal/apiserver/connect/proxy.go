package connect

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api/core"
	"skiff/internal/api/discovery"
	"skiff/internal/apiserver"
)

// address is the name in a proxy request: NAME, NAME:PORT, or
// SCHEME:NAME:PORT.
type address struct{ scheme, name, port string }

func parseAddress(s string) (address, error) {
	switch parts := strings.Split(s, ":"); len(parts) {
	case 1:
		return address{"http", parts[0], ""}, nil
	case 2:
		return address{"http", parts[0], parts[1]}, nil
	case 3:
		if parts[0] == "" {
			parts[0] = "http"
		}
		if parts[0] == "http" || parts[0] == "https" {
			return address{parts[0], parts[1], parts[2]}, nil
		}
	}
	return address{}, apierrors.NewBadRequest(fmt.Sprintf("invalid proxy request %q: want NAME, NAME:PORT or SCHEME:NAME:PORT", s))
}

// to passes the request on to host, at the path behind /proxy.
func (c *Connector) to(w http.ResponseWriter, r *http.Request, call *apiserver.Call, scheme, host string, via http.RoundTripper) error {
	path := call.Rest
	if path == "" {
		path = "/"
	}
	return pass(w, r, &url.URL{Scheme: scheme, Host: host, Path: path, RawQuery: r.URL.RawQuery}, via, true, false)
}

// proxyPod passes HTTP requests on to a pod.
func (c *Connector) proxyPod(w http.ResponseWriter, r *http.Request, call *apiserver.Call) error {
	a, err := parseAddress(call.Name)
	if err != nil {
		return err
	}
	pod, err := c.pod(r.Context(), call.Namespace, a.name)
	if err != nil {
		return err
	}
	if pod.Status.PodIP == "" {
		return apierrors.NewServiceUnavailable("pod does not have an address: it does not run yet")
	}
	port := a.port
	if port == "" {
		port = firstPort(pod)
	}
	return c.to(w, r, call, a.scheme, net.JoinHostPort(pod.Status.PodIP, port), c.others)
}

func firstPort(p *corev1.Pod) string {
	for _, container := range p.Spec.Containers {
		for _, port := range container.Ports {
			return strconv.Itoa(int(port.ContainerPort))
		}
	}
	return "80"
}

// proxyNode passes requests on to a node's kubelet, or another of its ports.
func (c *Connector) proxyNode(w http.ResponseWriter, r *http.Request, call *apiserver.Call) error {
	a, err := parseAddress(call.Name)
	if err != nil {
		return err
	}
	host, err := c.kubeletOf(r.Context(), a.name)
	if err != nil {
		return err
	}
	name, kubeletPort, _ := net.SplitHostPort(host)
	if a.port == "" || a.port == kubeletPort {
		return c.to(w, r, call, "https", host, c.kubelet)
	}
	return c.to(w, r, call, a.scheme, net.JoinHostPort(name, a.port), c.others)
}

// proxyService passes requests on to one of a service's ready endpoints.
func (c *Connector) proxyService(w http.ResponseWriter, r *http.Request, call *apiserver.Call) error {
	a, err := parseAddress(call.Name)
	if err != nil {
		return err
	}
	port, err := c.servicePort(r.Context(), call.Namespace, a)
	if err != nil {
		return err
	}
	all, err := c.endpoints(r.Context(), call.Namespace, a.name, port)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", call.Name))
	}
	return c.to(w, r, call, a.scheme, all[rand.N(len(all))], c.others)
}

// servicePort is the name of the service's port that the request means.
func (c *Connector) servicePort(ctx context.Context, namespace string, a address) (string, error) {
	obj, err := c.reader.Get(ctx, core.Service, namespace, a.name)
	if err != nil {
		return "", err
	}
	ports := obj.(*corev1.Service).Spec.Ports
	for _, p := range ports {
		if (a.port == "" && len(ports) == 1) || (a.port != "" && p.Name == a.port) || strconv.Itoa(int(p.Port)) == a.port {
			return p.Name, nil
		}
	}
	return "", apierrors.NewServiceUnavailable(fmt.Sprintf("no service port %q found for service %q", a.port, a.name))
}

// endpoints are the addresses behind a service's port that are ready.
func (c *Connector) endpoints(ctx context.Context, namespace, service, port string) ([]string, error) {
	slices, err := c.reader.List(ctx, discovery.EndpointSlice, namespace)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, obj := range slices {
		slice := obj.(*discoveryv1.EndpointSlice)
		if slice.Labels[discoveryv1.LabelServiceName] == service {
			out = append(out, ready(slice, port)...)
		}
	}
	return out, nil
}

func ready(slice *discoveryv1.EndpointSlice, port string) (out []string) {
	for _, p := range slice.Ports {
		if p.Port == nil || (p.Name == nil && port != "") || (p.Name != nil && *p.Name != port) {
			continue
		}
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready != nil && !*e.Conditions.Ready {
				continue
			}
			for _, address := range e.Addresses {
				out = append(out, net.JoinHostPort(address, strconv.Itoa(int(*p.Port))))
			}
		}
	}
	return out
}
