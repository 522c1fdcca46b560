package builtin_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream/wsstream"

	"skiff/internal/pki"
)

// kubelet pretends to be one: it echoes what is sent to exec, and logs its own
// path and query.
func kubelet(t *testing.T, c *cluster) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/", func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.PeerCertificates[0].Subject.CommonName != pki.KubeletClientUser {
			t.Errorf("called by %s", r.TLS.PeerCertificates[0].Subject)
		}
		conn := wsstream.NewConn(map[string]wsstream.ChannelProtocolConfig{
			"v5.channel.k8s.io": {Binary: true, Channels: []wsstream.ChannelType{
				wsstream.ReadChannel, wsstream.WriteChannel, wsstream.WriteChannel, wsstream.WriteChannel, wsstream.IgnoreChannel,
			}},
		})
		_, streams, err := conn.Open(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		line := make([]byte, 100)
		n, _ := streams[0].Read(line)
		fmt.Fprintf(streams[1], "%s?%s: %s", r.URL.Path, r.URL.RawQuery, line[:n])
		fmt.Fprint(streams[3], `{"kind":"Status","apiVersion":"v1","status":"Success"}`)
	})
	mux.HandleFunc("/containerLogs/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/waits") {
			http.Error(w, `container "waits" in pod "q" is waiting to start: ContainerCreating`, http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "%s?%s\n", r.URL.Path, r.URL.RawQuery)
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "ok") })

	leaf, err := c.pki.CA.Leaf(t.TempDir()+"/kubelet", pki.Request{IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(mux)
	certificate, _ := leaf.Certificate()
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: c.pki.CA.Pool()}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	number, _ := strconv.Atoi(port)
	kube := c.admin(t)
	node := must[*corev1.Node](t)(kube.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}, metav1.CreateOptions{}))
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeHostName, Address: "nowhere.invalid"}, {Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(number)
	must[*corev1.Node](t)(kube.CoreV1().Nodes().UpdateStatus(t.Context(), node, metav1.UpdateOptions{}))
}

func execute(t *testing.T, config *rest.Config, kube *kubernetes.Clientset, pod string) (string, error) {
	t.Helper()
	url := kube.CoreV1().RESTClient().Post().Namespace("default").Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: []string{"echo", "a b"}, Stdin: true, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	e, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, url.String())
	if err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	err = e.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdin: strings.NewReader("hello"), Stdout: &out, Stderr: &stderr})
	return out.String(), err
}

func logs(t *testing.T, kube *kubernetes.Clientset, pod string, o corev1.PodLogOptions) (string, error) {
	t.Helper()
	stream, err := kube.CoreV1().Pods("default").GetLogs(pod, &o).Stream(t.Context())
	if err != nil {
		return "", err
	}
	defer stream.Close()
	text, err := io.ReadAll(stream)
	return string(text), err
}

func TestStreamsReachTheKubelet(t *testing.T) {
	ctx, c := t.Context(), start(t)
	kubelet(t, c)
	config := c.config(t, pki.AdminUser, pki.MastersGroup)
	kube := client(t, config)
	podOn(t, kube, "p", "n1")

	out, err := execute(t, config, kube, "p")
	if want := "/exec/default/p/c?command=echo&command=a+b&error=1&input=1&output=1: hello"; err != nil || out != want {
		t.Errorf("%q, %v; want %q", out, err, want)
	}
	log, err := logs(t, kube, "p", corev1.PodLogOptions{Follow: true, TailLines: new(int64)})
	if want := "/containerLogs/default/p/c?follow=true&tailLines=0\n"; err != nil || log != want {
		t.Errorf("%q, %v; want %q", log, err, want)
	}
	health, err := kube.RESTClient().Get().AbsPath("/api/v1/nodes/n1/proxy/healthz").DoRaw(ctx)
	if err != nil || string(health) != "ok" {
		t.Errorf("%q, %v", health, err)
	}
}

func TestStreamsAreRefused(t *testing.T) {
	ctx, c := t.Context(), start(t)
	kubelet(t, c)
	config := c.config(t, pki.AdminUser, pki.MastersGroup)
	kube := client(t, config)
	pods := kube.CoreV1().Pods("default")
	podOn(t, kube, "first", "n1")
	two := simplePod("q")
	two.Spec.Containers = append(two.Spec.Containers, corev1.Container{Name: "waits", Image: "nginx"})
	must[*corev1.Pod](t)(pods.Create(ctx, two, metav1.CreateOptions{}))

	if _, err := logs(t, kube, "q", corev1.PodLogOptions{}); !apierrors.IsBadRequest(err) ||
		err.Error() != "a container name must be specified for pod q, choose one of: [c waits]" {
		t.Errorf("no container named: %v", err)
	}
	if _, err := logs(t, kube, "q", corev1.PodLogOptions{Container: "x"}); err == nil || err.Error() != "container x is not valid for pod q" {
		t.Errorf("another container: %v", err)
	}
	if log, err := logs(t, kube, "q", corev1.PodLogOptions{Container: "c"}); err != nil || len(log) != 0 {
		t.Errorf("a pod on no node: %q, %v", log, err)
	}
	if _, err := execute(t, config, kube, "q"); err == nil {
		t.Error("exec into a pod on no node")
	}
	if err := bind(ctx, kube, "q", "n1"); err != nil {
		t.Fatal(err)
	}
	if _, err := logs(t, kube, "q", corev1.PodLogOptions{Container: "waits"}); !apierrors.IsBadRequest(err) ||
		err.Error() != `container "waits" in pod "q" is waiting to start: ContainerCreating` {
		t.Errorf("the kubelet's own refusal: %v", err)
	}
}
