package conformance

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/pki"
)

// standing is the namespace of what proxies, logs and streams lead to.
const standing = "standing"

// upstream stands in for kubelets, pods and services: it says what it was
// asked for, over an upgraded connection if it was asked for one.
func upstream(w http.ResponseWriter, r *http.Request) {
	protocol := r.Header.Get("Upgrade")
	if protocol == "" {
		w.Header().Set("X-Asked", r.Method+" "+r.URL.Path)
		fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n%s %s", protocol, r.Method, r.URL.Path)
	_ = buffered.Flush()
}

// hostAddress is an address of this machine that is neither loopback's nor
// link-local: proxies refuse to go to those.
func hostAddress(t *testing.T) net.IP {
	t.Helper()
	all, err := net.InterfaceAddrs()
	need(t, err)
	for _, a := range all {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && ip.To4() != nil && ip.IsGlobalUnicast() {
			return ip
		}
	}
	t.Skip("this machine has no address for a pod to be proxied to")
	return nil
}

// serve serves upstream at an address, and returns the port.
func serve(t *testing.T, ip net.IP, config *tls.Config) int32 {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(ip.String(), "0"))
	need(t, err)
	s := httptest.NewUnstartedServer(http.HandlerFunc(upstream))
	_ = s.Listener.Close()
	s.Listener, s.TLS = l, config
	if config != nil {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n, err := strconv.ParseInt(port, 10, 32)
	need(t, err)
	return int32(n)
}

// stand makes a node with a kubelet, pods on it and off it, and a Service with
// an endpoint.
func (a *admin) stand(t *testing.T) {
	t.Helper()
	a.namespace(t, standing)
	loopback, ip := net.IPv4(127, 0, 0, 1), hostAddress(t)
	leaf, err := a.PKI.CA.Leaf(t.TempDir()+"/kubelet", pki.Request{IPs: []net.IP{loopback}})
	need(t, err)
	certificate, err := leaf.Certificate()
	need(t, err)
	kubelet := serve(t, loopback, &tls.Config{
		Certificates: []tls.Certificate{*certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.PKI.CA.Pool(),
	})
	a.node(t, "n1", kubelet)
	port := serve(t, ip, nil)
	for _, name := range []string{"web", "evicted"} {
		a.pod(t, name, "n1", ip, port)
	}
	for _, name := range []string{"bound", "bound-by-collection"} {
		a.pod(t, name, "", nil, port)
	}
	_, err = a.kube.CoreV1().Services(standing).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "front"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{})
	need(t, err)
	_, err = a.kube.DiscoveryV1().EndpointSlices(standing).Create(t.Context(), &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "front-1", Labels: map[string]string{discoveryv1.LabelServiceName: "front"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{ip.String()}}},
		Ports:       []discoveryv1.EndpointPort{{Port: &port}},
	}, metav1.CreateOptions{})
	need(t, err)
}

func (a *admin) node(t *testing.T, name string, kubelet int32) {
	t.Helper()
	n, err := a.kube.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	need(t, err)
	n.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	n.Status.DaemonEndpoints.KubeletEndpoint.Port = kubelet
	_, err = a.kube.CoreV1().Nodes().UpdateStatus(t.Context(), n, metav1.UpdateOptions{})
	need(t, err)
}

func (a *admin) pod(t *testing.T, name, node string, ip net.IP, port int32) {
	t.Helper()
	pods := a.kube.CoreV1().Pods(standing)
	_, err := pods.Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{
		NodeName: node, Containers: []corev1.Container{{Name: "c", Image: "i", Ports: []corev1.ContainerPort{{ContainerPort: port}}}},
	}}, metav1.CreateOptions{})
	need(t, err)
	if ip == nil {
		return
	}
	status := fmt.Sprintf(`{"status":{"phase":"Running","podIP":%q,"podIPs":[{"ip":%q}]}}`, ip, ip)
	_, err = pods.Patch(t.Context(), name, types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status")
	need(t, err)
}
