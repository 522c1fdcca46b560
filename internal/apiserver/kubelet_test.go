package apiserver_test

import (
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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"golang.org/x/net/websocket"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/kubelet"
)

// kubelet stands in for a node's: it says what it was asked for.
func fakeKubelet(t *testing.T) *httptest.Server {
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
	mux.HandleFunc("/healthz/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "kubelet ok at %s", r.URL.Path) })
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

// cluster is an API server with a node whose kubelet is k, and pods on it.
func cluster(t *testing.T, k *httptest.Server) *apitest.Server {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(k.Certificate())
	s := apitest.Start(t, func(c *apiserver.Config) {
		c.Connects = kubelet.New(apiserver.NewReader(c.Store), c.Authorizer, &tls.Config{RootCAs: roots}).Connects()
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
	s := cluster(t, fakeKubelet(t))
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
	s := cluster(t, fakeKubelet(t))
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
		Resource("pods").Name("unbound").SubResource("exec").Param("command", "ls").Do(t.Context()).Error()
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "pod unbound does not have a host assigned") {
		t.Errorf("exec in a pod on no node: %v", err)
	}
}

func TestProxies(t *testing.T) {
	s := cluster(t, fakeKubelet(t))
	client := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1()
	got, err := client.RESTClient().Get().AbsPath("/api/v1/nodes/n1/proxy/healthz/").DoRaw(t.Context())
	if err != nil || string(got) != "kubelet ok at /healthz/" {
		t.Errorf("%q, %v", got, err)
	}
	pod, err := client.Pods("default").Get(t.Context(), "one", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod.Status.PodIP, pod.Status.PodIPs = "127.0.0.1", []corev1.PodIP{{IP: "127.0.0.1"}}
	if _, err := client.Pods("default").UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err = client.RESTClient().Get().AbsPath("/api/v1/namespaces/default/pods/http:one:80/proxy/").DoRaw(t.Context())
	if err == nil || !strings.Contains(string(got), "address not allowed") {
		t.Errorf("a pod that claims the server's own address: %s, %v", got, err)
	}
}
