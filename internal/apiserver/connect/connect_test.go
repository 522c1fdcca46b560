package connect_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"golang.org/x/net/websocket"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/connect"
)

// kubelet stands in for a node's: it says what it was asked for.
func kubelet(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/containerLogs/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/waiting") {
			http.Error(w, "container is waiting to start", http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "log %s?%s", r.URL.Path, r.URL.RawQuery)
	})
	mux.Handle("/exec/", websocket.Handler(func(c *websocket.Conn) {
		fmt.Fprintf(c, "%s?%s", c.Request().URL.Path, c.Request().URL.RawQuery)
	}))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "kubelet ok") })
	s := httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s
}

func hostPort(t *testing.T, s *httptest.Server) (string, int32) {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(u.Host)
	n, _ := strconv.Atoi(port)
	return host, int32(n)
}

// podIP is the address of a pod; dial finds it on loopback.
const podIP = "192.0.2.10"

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, strings.Replace(address, podIP, "127.0.0.1", 1))
}

// cluster is an API server with a node whose kubelet is k, and pods on it.
func cluster(t *testing.T, k *httptest.Server) *apitest.Server {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(k.Certificate())
	s := apitest.Start(t, func(c *apiserver.Config) {
		c.Connects = connect.New(connect.Config{
			Reader: apiserver.NewReader(c.Store), KubeletTLS: &tls.Config{RootCAs: roots}, Dial: dial,
		}).Connects()
	})
	host, port := hostPort(t, k)
	client := kubernetes.NewForConfigOrDie(s.Admin())
	node, err := client.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: "nowhere"}, {Type: corev1.NodeInternalIP, Address: host}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = port
	if _, err := client.CoreV1().Nodes().UpdateStatus(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, containers := range map[string][]string{"one": {"web"}, "two": {"web", "side"}, "late": {"waiting"}, "unbound": {"web"}} {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{NodeName: "n1"}}
		for _, c := range containers {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: c, Image: "nginx"})
		}
		if name == "unbound" {
			p.Spec.NodeName = ""
		}
		if _, err := client.CoreV1().Pods("default").Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func read(from io.ReadCloser, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer from.Close()
	data, err := io.ReadAll(from)
	return string(data), err
}

func TestLogs(t *testing.T) {
	s := cluster(t, kubelet(t))
	pods := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default")
	tail := int64(3)
	tests := []struct {
		pod     string
		options corev1.PodLogOptions
		want    string
	}{
		{"one", corev1.PodLogOptions{}, "log /containerLogs/default/one/web?"},
		{"two", corev1.PodLogOptions{Container: "side", TailLines: &tail, Follow: true}, "log /containerLogs/default/two/side?follow=true&tailLines=3"},
		{"unbound", corev1.PodLogOptions{}, ""},
	}
	for _, tt := range tests {
		got, err := read(pods.GetLogs(tt.pod, &tt.options).Stream(t.Context()))
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.pod, got, err, tt.want)
		}
	}
	faults := []struct {
		pod, container, text string
	}{
		{"two", "", "a container name must be specified for pod two, choose one of: [web side]"},
		{"one", "other", "container other is not valid for pod one"},
		{"late", "", "container is waiting to start"},
	}
	for _, tt := range faults {
		_, err := read(pods.GetLogs(tt.pod, &corev1.PodLogOptions{Container: tt.container}).Stream(t.Context()))
		if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v; want %q", tt.pod, err, tt.text)
		}
	}
	if _, err := pods.GetLogs("none", &corev1.PodLogOptions{}).DoRaw(t.Context()); !apierrors.IsNotFound(err) {
		t.Errorf("a pod that is not there: %v", err)
	}
}

func TestExecIsPassedOn(t *testing.T) {
	s := cluster(t, kubelet(t))
	config := s.Listen("admin")
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		t.Fatal(err)
	}
	path := "/api/v1/namespaces/default/pods/one/exec?command=ls&command=-l&stdin=true&tty=true"
	ws, err := websocket.NewConfig(strings.Replace(config.Host, "https", "wss", 1)+path, config.Host)
	if err != nil {
		t.Fatal(err)
	}
	ws.TlsConfig = tlsConfig
	ws.Header.Set("Authorization", "Bearer admin")
	conn, err := ws.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := io.ReadAll(conn)
	if want := "/exec/default/one/web?command=ls&command=-l&input=1&output=1&tty=1"; err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	err = kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().RESTClient().Post().Namespace("default").
		Resource("pods").Name("unbound").SubResource("exec").Do(t.Context()).Error()
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "pod unbound does not have a host assigned") {
		t.Errorf("exec in a pod on no node: %v", err)
	}
}

func TestProxies(t *testing.T) {
	s := cluster(t, kubelet(t))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Method, r.URL.RequestURI())
	}))
	defer web.Close()
	_, port := hostPort(t, web)
	client := kubernetes.NewForConfigOrDie(s.Admin())
	ctx := t.Context()
	pod, err := client.CoreV1().Pods("default").Get(ctx, "one", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Status.PodIP, pod.Status.PodIPs = podIP, []corev1.PodIP{{IP: podIP}}
	if _, err := client.CoreV1().Pods("default").UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Services("default").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "svc"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}, ClusterIP: "None"},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	rest := client.CoreV1().RESTClient()
	ask := func(path string) (string, error) {
		got, err := rest.Get().AbsPath(path).Param("a", "b").DoRaw(ctx)
		return string(got), err
	}
	if _, err := ask("/api/v1/namespaces/default/services/svc/proxy/x"); !apierrors.IsServiceUnavailable(err) {
		t.Errorf("a service without endpoints: %v", err)
	}
	name := "http"
	if _, err := client.DiscoveryV1().EndpointSlices("default").Create(ctx, &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "svc-1", Labels: map[string]string{discoveryv1.LabelServiceName: "svc"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{podIP}}},
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ path, want string }{
		{fmt.Sprintf("/api/v1/namespaces/default/pods/one:%d/proxy/x/y/", port), "GET /x/y/?a=b"},
		{fmt.Sprintf("/api/v1/namespaces/default/pods/http:one:%d/proxy/", port), "GET /?a=b"},
		{"/api/v1/namespaces/default/services/svc/proxy/x", "GET /x?a=b"},
		{"/api/v1/namespaces/default/services/svc:http/proxy/x", "GET /x?a=b"},
		{"/api/v1/namespaces/default/services/http:svc:80/proxy/x", "GET /x?a=b"},
		{"/api/v1/nodes/n1/proxy/healthz", "kubelet ok"},
	}
	for _, tt := range tests {
		if got, err := ask(tt.path); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.path, got, err, tt.want)
		}
	}
}
