package images

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/host"
	"skiff/internal/network"
	"skiff/internal/runtime"
	"skiff/test/await"
	"skiff/test/programs"
)

// node is a container runtime and a pod network, driven as a kubelet would.
type node struct {
	t       *testing.T
	dir     string
	runtime runtime.Config
	network network.Config
	stop    func()
	cri     cri.RuntimeServiceClient
	images  cri.ImageServiceClient
}

// testCache is the cache that the end-to-end tests use, too.
func testCache() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "skiff-test-images")
}

func needReal(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("real containers: not in -short")
	}
	if os.Getuid() != 0 {
		t.Skip("real containers need root")
	}
	for _, program := range []string{"runc", "apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("real containers of Debian's packages need %s", program)
		}
	}
	if sums, err := filepath.Glob("../../internal/runtime/helpers/SHA256SUMS"); err != nil || len(sums) == 0 {
		t.Skip("real containers need the helper programs (make helpers)")
	}
}

// startNode starts a node in a data directory of its own, with the registry.
func startNode(t *testing.T, registry *Registry) *node {
	t.Helper()
	dir, err := os.MkdirTemp("", "skiff-im")
	if err != nil {
		t.Fatal(err)
	}
	n := newNode(t, dir, registry)
	n.start()
	return n
}

// newNode is a node that does not run yet. It is gone, with its directory,
// after the test.
func newNode(t *testing.T, dir string, registry *Registry) *node {
	t.Helper()
	names := host.Names{Cluster: filepath.Base(dir), Node: "n1"}
	n := &node{
		t: t, dir: dir,
		runtime: runtime.Config{DataDir: dir, Names: names, RegistryHostsDir: registry.HostsDir, Exec: programs.Containerd(t)},
		network: network.Config{
			Client: &rest.Config{Host: apiWithOneNode(t)}, NodeName: "n1", NodeIP: hostIP(t),
			Names: names, DataDir: dir, ClusterCIDR: netip.MustParsePrefix("10.199.0.0/16"),
		},
	}
	t.Cleanup(func() {
		n.down()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return n
}

// start runs the node's components, and waits until pods can be made.
func (n *node) start() {
	n.t.Helper()
	ready, ended := make(chan struct{}, 2), make(chan error, 2)
	n.runtime.Ready = func() { ready <- struct{}{} }
	n.network.Ready = n.runtime.Ready
	ctx, stop := context.WithCancel(context.Background())
	go func() { ended <- runtime.Run(ctx, n.runtime) }()
	go func() { ended <- network.Run(ctx, n.network) }()
	n.stop = func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				n.t.Errorf("Run: %v", err)
			}
		}
	}
	for range 2 {
		select {
		case <-ready:
		case err := <-ended:
			ended <- nil
			n.t.Fatalf("Run ended: %v", err)
		}
	}
	conn, err := grpc.NewClient(runtime.Endpoint(n.runtime), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { conn.Close() })
	n.cri, n.images = cri.NewRuntimeServiceClient(conn), cri.NewImageServiceClient(conn)
	n.awaitNetworkReady()
}

// down stops the node and cleans up after it, as `skiff down`.
func (n *node) down() {
	n.t.Helper()
	if n.stop != nil {
		n.stop()
		n.stop = nil
	}
	if err := runtime.Clean(n.runtime); err != nil {
		n.t.Errorf("runtime.Clean: %v", err)
	}
	if err := network.Clean(n.network); err != nil {
		n.t.Errorf("network.Clean: %v", err)
	}
}

// hostIP is the machine's own address.
func hostIP(t *testing.T) netip.Addr {
	t.Helper()
	own := ownAddress()
	if len(own) == 0 {
		t.Skip("this machine has no address of its own")
	}
	return netip.MustParseAddr(own[0])
}

// apiWithOneNode is an API server that knows a single node, which never changes.
func apiWithOneNode(t *testing.T) string {
	t.Helper()
	one := corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: "n1", ResourceVersion: "1"},
		Spec:       corev1.NodeSpec{PodCIDR: "10.199.1.0/24"},
	}
	list := corev1.NodeList{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NodeList"},
		ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []corev1.Node{one},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch query := r.URL.Query(); {
		case r.Method == http.MethodPatch:
			_ = json.NewEncoder(w).Encode(one)
		case query.Get("sendInitialEvents") != "":
			w.WriteHeader(http.StatusUnprocessableEntity)
		case query.Get("watch") != "":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			_ = json.NewEncoder(w).Encode(list)
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func (n *node) awaitNetworkReady() {
	n.t.Helper()
	awaitTrue(n.t, "NetworkReady", func() bool {
		answer, err := n.cri.Status(n.t.Context(), &cri.StatusRequest{})
		if err != nil {
			return false
		}
		for _, condition := range answer.Status.Conditions {
			if condition.Type == "NetworkReady" {
				return condition.Status
			}
		}
		return false
	})
}

// awaitTrue waits for what another process brings about.
func awaitTrue(t *testing.T, what string, met func() bool) {
	t.Helper()
	await.True(t, 20*time.Second, what, met)
}

// pod is a running pod of one container.
type pod struct {
	*node
	sandbox, container string
	ip                 string
	log                string
}

// run pulls an image and runs a pod of it, as `kubectl run NAME --image=IMAGE`.
func (n *node) run(name, image string, command ...string) *pod {
	n.t.Helper()
	ctx := n.t.Context()
	if _, err := n.images.PullImage(ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: image}}); err != nil {
		n.t.Fatalf("PullImage %s: %v", image, err)
	}
	config := &cri.PodSandboxConfig{
		Metadata:     &cri.PodSandboxMetadata{Name: name, Uid: name, Namespace: "default"},
		Hostname:     name,
		LogDirectory: filepath.Join(n.dir, "pods", name),
		Linux:        &cri.LinuxPodSandboxConfig{CgroupParent: n.runtime.Names.Cgroup() + "/pod" + name},
	}
	sandbox, err := n.cri.RunPodSandbox(ctx, &cri.RunPodSandboxRequest{Config: config})
	if err != nil {
		n.t.Fatalf("RunPodSandbox %s: %v", name, err)
	}
	made, err := n.cri.CreateContainer(ctx, &cri.CreateContainerRequest{
		PodSandboxId: sandbox.PodSandboxId, SandboxConfig: config,
		Config: &cri.ContainerConfig{
			Metadata: &cri.ContainerMetadata{Name: name}, Image: &cri.ImageSpec{Image: image}, Command: command,
			LogPath: "0.log", Linux: &cri.LinuxContainerConfig{Resources: &cri.LinuxContainerResources{OomScoreAdj: 1000}},
		},
	})
	if err != nil {
		n.t.Fatalf("CreateContainer %s: %v", name, err)
	}
	if _, err := n.cri.StartContainer(ctx, &cri.StartContainerRequest{ContainerId: made.ContainerId}); err != nil {
		n.t.Fatalf("StartContainer %s: %v", name, err)
	}
	status, err := n.cri.PodSandboxStatus(ctx, &cri.PodSandboxStatusRequest{PodSandboxId: sandbox.PodSandboxId})
	if err != nil {
		n.t.Fatalf("PodSandboxStatus %s: %v", name, err)
	}
	return &pod{n, sandbox.PodSandboxId, made.ContainerId, status.Status.Network.GetIp(), filepath.Join(n.dir, "pods", name, "0.log")}
}

// exec runs a command in the pod and returns what it prints.
func (p *pod) exec(command ...string) string {
	p.t.Helper()
	answer, err := p.cri.ExecSync(p.t.Context(), &cri.ExecSyncRequest{ContainerId: p.container, Cmd: command, Timeout: 10})
	if err != nil {
		p.t.Errorf("exec %v: %v", command, err)
		return ""
	}
	if answer.ExitCode != 0 {
		p.t.Errorf("exec %v exits with %d: %s", command, answer.ExitCode, answer.Stderr)
	}
	return string(answer.Stdout)
}

// awaitPage waits until the pod serves a page with this text.
func (p *pod) awaitPage(port, text string) {
	p.t.Helper()
	p.t.Cleanup(func() {
		if p.t.Failed() {
			p.t.Logf("%s:\n%s", p.log, p.logs())
		}
	})
	awaitTrue(p.t, "page with "+text, func() bool { return strings.Contains(get("http://"+p.ip+":"+port+"/"), text) })
}

func (p *pod) logs() string {
	data, _ := os.ReadFile(p.log)
	return string(data)
}

func get(url string) string {
	client := http.Client{Timeout: 2 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return string(body)
}

func TestImagesRun(t *testing.T) {
	needReal(t)
	registry, err := Start(t.Context(), testCache())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	n := startNode(t, registry)

	web := n.run("web", "nginx")
	web.awaitPage("80", "Welcome to nginx!")
	awaitTrue(t, "access log of nginx", func() bool { return strings.Contains(web.logs(), `"GET / HTTP/1.1" 200`) })
	if got := web.exec("sh", "-c", "hostname; ls /usr/share/nginx/html"); got != "web\nindex.html\n" {
		t.Errorf("the shell in nginx prints %q", got)
	}

	apache := n.run("apache", "httpd:2.4")
	apache.awaitPage("80", "It works!")
	awaitTrue(t, "access log of httpd", func() bool { return strings.Contains(apache.logs(), `"GET / HTTP/1.1" 200`) })

	box := n.run("box", "busybox", "sleep", "1000")
	if got := box.exec("wget", "-q", "-O-", "http://"+web.ip+"/"); !strings.Contains(got, "Welcome to nginx!") {
		t.Errorf("a pod sees of nginx: %q", got)
	}
	if got := box.exec("ping", "-c1", "-W2", web.ip); !strings.Contains(got, "1 packets received") {
		t.Errorf("ping prints %q", got)
	}

	n.run("speaker", "skiff.local/test/echo").awaitPage("8080", "speaker")

	// Both end on the signal that their images name, in time.
	for _, p := range []*pod{web, apache} {
		if _, err := n.cri.StopContainer(t.Context(), &cri.StopContainerRequest{ContainerId: p.container, Timeout: 20}); err != nil {
			t.Errorf("StopContainer: %v", err)
		}
		status, err := n.cri.ContainerStatus(t.Context(), &cri.ContainerStatusRequest{ContainerId: p.container})
		if err != nil || status.Status.ExitCode != 0 {
			t.Errorf("%s ends with exit code %d (%v), want 0", p.log, status.GetStatus().GetExitCode(), err)
		}
	}
}

func TestAnImageThatIsNowhere(t *testing.T) {
	needReal(t)
	registry, err := Start(t.Context(), testCache())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	n := startNode(t, registry)
	_, err = n.images.PullImage(t.Context(), &cri.PullImageRequest{Image: &cri.ImageSpec{Image: "no-such-image"}})
	if err == nil || !strings.Contains(err.Error(), "docker.io/library/no-such-image:latest: not found") {
		t.Errorf("pulling an image that is nowhere: %v", err)
	}
}

// After `skiff down`, as after a loss of power, containerd remembers pods that
// are no more. The kubelet must be able to remove them. The directory's name
// is longer than a socket's address may be.
func TestPodsFromBeforeADownCanBeRemoved(t *testing.T) {
	needReal(t)
	registry, err := Start(t.Context(), testCache())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	parent, err := os.MkdirTemp("", "skiff-im")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	n := newNode(t, filepath.Join(parent, strings.Repeat("a-long-name/", 10)), registry)
	n.start()
	before := n.run("before", "busybox", "sleep", "1000")
	n.down()
	n.start()

	ctx := t.Context()
	status, err := n.cri.ContainerStatus(ctx, &cri.ContainerStatusRequest{ContainerId: before.container})
	if err != nil || status.Status.State == cri.ContainerState_CONTAINER_RUNNING {
		t.Errorf("a container from before is %v (%v), want one that has ended", status.GetStatus().GetState(), err)
	}
	if _, err := n.cri.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: before.sandbox}); err != nil {
		t.Errorf("StopPodSandbox: %v", err)
	}
	if _, err := n.cri.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: before.sandbox}); err != nil {
		t.Errorf("RemovePodSandbox: %v", err)
	}
	left, err := n.cri.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{})
	if err != nil || len(left.Items) != 0 {
		t.Errorf("pods are left: %v (%v)", left.GetItems(), err)
	}
	after := n.run("after", "busybox", "sleep", "1000")
	if got := after.exec("hostname"); got != "after\n" {
		t.Errorf("a pod after the new start prints %q", got)
	}
}
