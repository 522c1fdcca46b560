package kubelet_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"

	"skiff/internal/apiserver/apitest"
	"skiff/internal/host"
	"skiff/internal/kubelet"
	"skiff/internal/network"
	"skiff/internal/runtime"
	"skiff/test/await"
	"skiff/test/images"
	"skiff/test/programs"
)

const nodeName = "kubelet-test"

// cluster is an API server and one node with real containers.
type cluster struct {
	t      *testing.T
	api    *apitest.Server
	client kubernetes.Interface
	dir    string
	cfg    kubelet.Config
	ca     *x509.CertPool
	caller tls.Certificate // of the API server
	port   int
	stop   func()
}

func needReal(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("real containers: not in -short")
	}
	if os.Getuid() != 0 {
		t.Skip("real containers need root")
	}
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("real containers need runc (apt-get install runc)")
	}
}

func start(t *testing.T) *cluster {
	needReal(t)
	dir, err := os.MkdirTemp("", "skiff-kl")
	if err != nil {
		t.Fatal(err)
	}
	names := host.Names{Cluster: filepath.Base(dir), Node: nodeName}
	c := &cluster{t: t, dir: dir, api: apitest.Start(t), port: freePort(t)}
	c.client = kubernetes.NewForConfigOrDie(c.api.Admin())
	c.cfg = kubelet.Config{
		Client: c.api.Config("system:node:"+nodeName, "system:nodes"), NodeName: nodeName, Names: names,
		NodeIPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, DataDir: filepath.Join(dir, "kubelet"),
		ListenAddress: "127.0.0.1", Port: c.port, ClusterDNS: []string{"10.96.0.10"},
		Log: slog.New(slog.NewTextHandler(testLog{t}, nil)),
	}
	c.certificates()
	runtimeConfig := runtime.Config{DataDir: dir, Names: names, Exec: programs.Containerd(t), ImagesDir: filepath.Join(dir, "none")}
	c.cfg.RuntimeEndpoint = runtime.Endpoint(runtimeConfig)
	networkConfig := network.Config{Client: c.api.Config("system:node:"+nodeName, "system:nodes"), NodeName: nodeName,
		NodeIP: c.cfg.NodeIPs[0], Names: names, DataDir: dir}
	stopRuntime := background(t, "runtime", func(ctx context.Context, ready func()) error {
		runtimeConfig.Ready = ready
		return runtime.Run(ctx, runtimeConfig)
	})
	loadImages(t, runtimeConfig)
	c.createNode()
	stopNetwork := background(t, "network", func(ctx context.Context, ready func()) error {
		networkConfig.Ready = ready
		return network.Run(ctx, networkConfig)
	})
	t.Cleanup(func() {
		c.end()
		stopNetwork()
		stopRuntime()
		for what, err := range map[string]error{"runtime": runtime.Clean(runtimeConfig), "network": network.Clean(networkConfig),
			"kubelet": kubelet.Clean(c.cfg), "directory": os.RemoveAll(dir)} {
			if err != nil {
				t.Errorf("cleaning %s: %v", what, err)
			}
		}
	})
	c.start()
	c.until("the node is ready", func(ctx context.Context) bool {
		n, err := c.client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
		if err != nil {
			return false
		}
		for _, cond := range n.Status.Conditions {
			if cond.Type == corev1.NodeReady {
				return cond.Status == corev1.ConditionTrue
			}
		}
		return false
	})
	return c
}

// testLog writes the kubelet's log to the test's.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// loadImages gives the node the image that the tests run.
func loadImages(t *testing.T, cfg runtime.Config) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := images.Save(t.Context(), filepath.Join(cache, "skiff-test-images"), dir); err != nil {
		t.Fatalf("the test images cannot be made: %v", err)
	}
	archive, err := os.Open(filepath.Join(dir, "busybox.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if _, err := runtime.LoadImages(t.Context(), cfg, archive); err != nil {
		t.Fatal(err)
	}
}

// background runs a component until the function returned is called.
func background(t *testing.T, name string, run func(ctx context.Context, ready func()) error) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		cancel()
		t.Fatalf("%s: %v", name, err)
	}
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// certificates makes an authority, the kubelet's certificate and the API
// server's.
func (c *cluster) certificates() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	sign := func(template *x509.Certificate) tls.Certificate {
		template.NotAfter = time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			c.t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	pool := func(t tls.Certificate) *x509.CertPool {
		p := x509.NewCertPool()
		parsed, err := x509.ParseCertificate(t.Certificate[0])
		if err != nil {
			c.t.Fatal(err)
		}
		p.AddCert(parsed)
		return p
	}
	serving := sign(&x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	c.caller = sign(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver-kubelet-client"},
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	c.cfg.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &serving, nil }
	c.cfg.ClientCA, c.ca = pool(c.caller), pool(serving)
}

// createNode makes the Node object with a range of pods, as the controllers
// would do.
func (c *cluster) createNode() {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName}, Spec: corev1.NodeSpec{PodCIDR: "10.244.9.0/24", PodCIDRs: []string{"10.244.9.0/24"}}}
	if _, err := c.client.CoreV1().Nodes().Create(c.t.Context(), n, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- kubelet.Run(ctx, c.cfg) }()
	c.stop = func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Errorf("kubelet: %v", err)
		}
	}
}

func (c *cluster) end() {
	if c.stop != nil {
		c.stop()
		c.stop = nil
	}
}

func (c *cluster) until(what string, condition func(context.Context) bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	await.NoError(c.t, time.Minute, what, func() error {
		switch {
		case condition(ctx):
			return nil
		case ctx.Err() != nil:
			return errors.New(c.describe())
		}
		return errors.New("not yet")
	})
}

// describe is what the API has of pods and events, for a failure's message.
func (c *cluster) describe() string {
	var b strings.Builder
	pods, _ := c.client.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{})
	for _, p := range pods.Items {
		s, _ := json.MarshalIndent(p.Status, "", " ")
		fmt.Fprintf(&b, "%s: %s\n", p.Name, s)
	}
	events, _ := c.client.CoreV1().Events("").List(context.Background(), metav1.ListOptions{})
	for _, e := range events.Items {
		fmt.Fprintf(&b, "%s %s %s\n", e.InvolvedObject.Name, e.Reason, e.Message)
	}
	return b.String()
}

// pod makes a pod of busybox, bound to the node.
func (c *cluster) pod(name string, change func(*corev1.Pod)) *corev1.Pod {
	c.t.Helper()
	grace, no := int64(1), false
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Spec: corev1.PodSpec{
		NodeName: nodeName, TerminationGracePeriodSeconds: &grace, AutomountServiceAccountToken: &no,
		Containers: []corev1.Container{{Name: "main", Image: "busybox", ImagePullPolicy: corev1.PullIfNotPresent,
			Command: []string{"sh", "-c", "echo started; exec sleep 3600"}}},
	}}
	if change != nil {
		change(p)
	}
	made, err := c.client.CoreV1().Pods("default").Create(c.t.Context(), p, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return made
}

func (c *cluster) get(name string) *corev1.Pod {
	p, err := c.client.CoreV1().Pods("default").Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		return &corev1.Pod{}
	}
	return p
}

func (c *cluster) ready(name string) *corev1.Pod {
	c.t.Helper()
	var pod *corev1.Pod
	c.until(name+" is ready", func(context.Context) bool { pod = c.get(name); return isReady(pod) })
	return pod
}

func isReady(p *corev1.Pod) bool {
	for _, cond := range p.Status.Conditions {
		if cond.Type == corev1.PodReady {
			return cond.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (c *cluster) phase(name string, phase corev1.PodPhase) *corev1.Pod {
	c.t.Helper()
	var pod *corev1.Pod
	c.until(name+" is "+string(phase), func(context.Context) bool { pod = c.get(name); return pod.Status.Phase == phase })
	return pod
}

func (c *cluster) delete(name string) {
	c.t.Helper()
	if err := c.client.CoreV1().Pods("default").Delete(c.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		c.t.Fatal(err)
	}
	c.until(name+" is gone", func(ctx context.Context) bool {
		_, err := c.client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

func (c *cluster) address() string { return fmt.Sprintf("127.0.0.1:%d", c.port) }

func (c *cluster) asAPIServer() *rest.Config {
	return &rest.Config{Host: "https://" + c.address(), TLSClientConfig: rest.TLSClientConfig{Insecure: true,
		CertData: pemOf(c.t, c.caller, "CERTIFICATE"), KeyData: pemOf(c.t, c.caller, "PRIVATE KEY")}}
}

// ask gets a path from the kubelet.
func (c *cluster) ask(path string) string {
	c.t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.ca, Certificates: []tls.Certificate{c.caller}}}}
	defer client.CloseIdleConnections()
	r, err := client.Get("https://" + c.address() + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return strings.TrimSpace(string(b))
}

// exec runs a command in a pod the way kubectl does.
func (c *cluster) exec(pod, stdin string, command ...string) (string, int) {
	c.t.Helper()
	u := fmt.Sprintf("https://%s/exec/default/%s/main?output=1&error=1&input=1", c.address(), pod)
	for _, w := range command {
		u += "&command=" + url.QueryEscape(w)
	}
	e, err := remotecommand.NewWebSocketExecutor(c.asAPIServer(), http.MethodGet, u)
	if err != nil {
		c.t.Fatal(err)
	}
	var out strings.Builder
	err = e.StreamWithContext(c.t.Context(), remotecommand.StreamOptions{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &out})
	if exit, ok := err.(utilexec.CodeExitError); ok {
		return out.String(), exit.Code
	}
	if err != nil {
		c.t.Fatalf("exec: %v", err)
	}
	return out.String(), 0
}
