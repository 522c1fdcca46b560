package kubelet

import (
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
	utilnet "k8s.io/apimachinery/pkg/util/net"
	utilproxy "k8s.io/apimachinery/pkg/util/proxy"
	"k8s.io/utils/ptr"

	"skiff/internal/api/core"
	"skiff/internal/api/discovery"
	"skiff/internal/apiserver"
)

// pod passes an HTTP request on to a pod: pods/[SCHEME:]NAME[:PORT]/proxy.
func (p *Proxy) pod(w http.ResponseWriter, r *http.Request, c *apiserver.Call) error {
	scheme, name, port, err := splitName("pod", c.Name)
	if err != nil {
		return err
	}
	obj, err := p.Reader.Get(r.Context(), core.Pod, c.Namespace, name)
	if err != nil {
		return err
	}
	pod := obj.(*corev1.Pod)
	if port == "" {
		port = firstPort(pod)
	}
	if pod.Status.PodIP == "" {
		return apierrors.NewServiceUnavailable(fmt.Sprintf("pod %q has no address yet", name))
	}
	return p.hand(w, r, c, scheme, pod.Status.PodIP, port)
}

func firstPort(pod *corev1.Pod) string {
	for _, c := range pod.Spec.Containers {
		if len(c.Ports) > 0 {
			return strconv.Itoa(int(c.Ports[0].ContainerPort))
		}
	}
	return ""
}

// node passes an HTTP request on to a node: to its kubelet, or to another
// port of it.
func (p *Proxy) node(w http.ResponseWriter, r *http.Request, c *apiserver.Call) error {
	scheme, name, port, err := splitName("node", c.Name)
	if err != nil {
		return err
	}
	address, err := p.address(r, name)
	if err != nil {
		return err
	}
	host, kubelet, _ := net.SplitHostPort(address)
	if port != "" && port != kubelet {
		return p.hand(w, r, c, scheme, host, port)
	}
	return p.pass(w, r, c, &url.URL{Scheme: "https", Host: address}, p.kubelets)
}

// service passes an HTTP request on to a ready endpoint of a Service.
func (p *Proxy) service(w http.ResponseWriter, r *http.Request, c *apiserver.Call) error {
	scheme, name, port, err := splitName("service", c.Name)
	if err != nil {
		return err
	}
	obj, err := p.Reader.Get(r.Context(), core.Service, c.Namespace, name)
	if err != nil {
		return err
	}
	portName, err := servicePort(obj.(*corev1.Service), port)
	if err != nil {
		return err
	}
	host, number, err := p.endpoint(r, c.Namespace, name, portName)
	if err != nil {
		return err
	}
	return p.hand(w, r, c, scheme, host, number)
}

// servicePort finds the name of a port that is given by name, by number, or,
// if there is just one, not at all.
func servicePort(s *corev1.Service, asked string) (string, error) {
	for _, p := range s.Spec.Ports {
		if asked == p.Name || asked == strconv.Itoa(int(p.Port)) || asked == "" && len(s.Spec.Ports) == 1 {
			return p.Name, nil
		}
	}
	return "", apierrors.NewServiceUnavailable(fmt.Sprintf("no service port %q found for service %q", asked, s.Name))
}

// endpoint picks one of a Service's ready endpoints.
func (p *Proxy) endpoint(r *http.Request, namespace, service, portName string) (host, port string, err error) {
	list, err := p.Reader.List(r.Context(), discovery.EndpointSlice, namespace)
	if err != nil {
		return "", "", err
	}
	type place struct{ host, port string }
	var places []place
	for _, obj := range list {
		slice, ok := obj.(*discoveryv1.EndpointSlice)
		if !ok || slice.Labels[discoveryv1.LabelServiceName] != service {
			continue
		}
		for _, port := range slice.Ports {
			if ptr.Deref(port.Name, "") != portName || port.Port == nil {
				continue
			}
			for _, e := range slice.Endpoints {
				if ptr.Deref(e.Conditions.Ready, true) && len(e.Addresses) > 0 {
					places = append(places, place{e.Addresses[0], strconv.Itoa(int(*port.Port))})
				}
			}
		}
	}
	if len(places) == 0 {
		return "", "", apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", service))
	}
	chosen := places[rand.IntN(len(places))]
	return chosen.host, chosen.port, nil
}

// splitName reads [SCHEME:]NAME[:PORT].
func splitName(kind, name string) (scheme, host, port string, err error) {
	scheme, host, port, ok := utilnet.SplitSchemeNamePort(name)
	if !ok {
		return "", "", "", apierrors.NewBadRequest(fmt.Sprintf("invalid %s request %q", kind, name))
	}
	if scheme == "" {
		scheme = "http"
	}
	return scheme, host, port, nil
}

func (p *Proxy) hand(w http.ResponseWriter, r *http.Request, c *apiserver.Call, scheme, host, port string) error {
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()) {
		return apierrors.NewBadRequest("address not allowed")
	}
	if port != "" {
		host = net.JoinHostPort(host, port)
	}
	return p.pass(w, r, c, &url.URL{Scheme: scheme, Host: host}, p.plain)
}

// pass hands on a request with the path below the subresource. Links in HTML
// answers are rewritten, so that a browser stays behind the proxy.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, c *apiserver.Call, target *url.URL, via http.RoundTripper) error {
	prefix := strings.TrimSuffix(r.URL.Path, c.Rest)
	if c.Rest == "" && !strings.HasSuffix(r.URL.Path, "/") && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		// Relative links of a page need a directory to stand in.
		location := r.URL.Path + "/"
		if r.URL.RawQuery != "" {
			location += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusMovedPermanently)
		return nil
	}
	target.Path, target.RawQuery = c.Rest, r.URL.RawQuery
	if target.Path == "" || strings.HasSuffix(r.URL.Path, "/") && !strings.HasSuffix(target.Path, "/") {
		target.Path += "/"
	}
	if r.Header.Get("Upgrade") == "" {
		via = &utilproxy.Transport{Scheme: r.URL.Scheme, Host: r.URL.Host, PathPrepend: strings.TrimSuffix(prefix, "/"), RoundTripper: via}
	}
	return forward(w, r, target, via, nil)
}
