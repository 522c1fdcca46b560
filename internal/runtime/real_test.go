package runtime

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/host"
)

// TestMain lets the test binary be containerd, as skiff's own is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "containerd" {
		if err := ContainerdMain(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// node is a runtime under test.
type node struct {
	t      *testing.T
	cfg    Config
	ctx    context.Context
	stop   func()
	done   chan error
	cri    cri.RuntimeServiceClient
	images cri.ImageServiceClient
}

// needReal skips tests of real containers where there can be none.
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
	if _, err := readSums(helpers()); err != nil {
		t.Skip("real containers need the helper programs (make helpers)")
	}
}

// startNode runs a runtime in a directory of its own and cleans up after it.
func startNode(t *testing.T) *node {
	needReal(t)
	dir, err := os.MkdirTemp("", "skiff-rt")
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, cfg: Config{
		DataDir:  dir,
		Names:    host.Names{Cluster: filepath.Base(dir), Node: "test"},
		ExecArgs: []string{"containerd"},
	}}
	t.Cleanup(func() {
		n.end()
		if err := Clean(n.cfg); err != nil {
			t.Errorf("Clean: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	n.start()
	return n
}

func (n *node) start() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(n.t.Context())
	ready := make(chan struct{})
	cfg := n.cfg
	cfg.Ready = func() { close(ready) }
	n.done = make(chan error, 1)
	go func() { n.done <- Run(ctx, cfg) }()
	select {
	case <-ready:
	case err := <-n.done:
		cancel()
		n.t.Fatalf("Run ended: %v", err)
	}
	conn, err := grpc.NewClient(Endpoint(cfg), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		n.t.Fatal(err)
	}
	n.ctx = ctx
	n.cri, n.images = cri.NewRuntimeServiceClient(conn), cri.NewImageServiceClient(conn)
	n.stop = func() { conn.Close(); cancel() }
}

// end stops Run and waits for it.
func (n *node) end() {
	if n.stop == nil {
		return
	}
	n.stop()
	n.stop = nil
	if err := <-n.done; err != nil {
		n.t.Errorf("Run: %v", err)
	}
}

// hostPod describes a pod in the host's network.
func (n *node) hostPod(name string) *cri.PodSandboxConfig {
	return &cri.PodSandboxConfig{
		Metadata:     &cri.PodSandboxMetadata{Name: name, Uid: name, Namespace: "default"},
		LogDirectory: n.cfg.path("pods", name),
		Linux: &cri.LinuxPodSandboxConfig{
			CgroupParent: n.cfg.Names.Cgroup() + "/pod" + name,
			SecurityContext: &cri.LinuxSandboxSecurityContext{
				NamespaceOptions: &cri.NamespaceOption{Network: cri.NamespaceMode_NODE, Pid: cri.NamespaceMode_CONTAINER},
			},
		},
	}
}

func (n *node) runSandbox(config *cri.PodSandboxConfig) string {
	n.t.Helper()
	answer, err := n.cri.RunPodSandbox(n.ctx, &cri.RunPodSandboxRequest{Config: config})
	if err != nil {
		n.t.Fatalf("RunPodSandbox: %v", err)
	}
	return answer.PodSandboxId
}

// runPause starts a container of the pause image: the one image there always is.
func (n *node) runPause(sandbox string, config *cri.PodSandboxConfig) string {
	n.t.Helper()
	made, err := n.cri.CreateContainer(n.ctx, &cri.CreateContainerRequest{
		PodSandboxId: sandbox, SandboxConfig: config,
		Config: &cri.ContainerConfig{
			Metadata: &cri.ContainerMetadata{Name: "main"},
			Image:    &cri.ImageSpec{Image: PauseImage},
			LogPath:  "main.log",
			Linux:    &cri.LinuxContainerConfig{Resources: &cri.LinuxContainerResources{OomScoreAdj: -997}},
		},
	})
	if err != nil {
		n.t.Fatalf("CreateContainer: %v", err)
	}
	if _, err := n.cri.StartContainer(n.ctx, &cri.StartContainerRequest{ContainerId: made.ContainerId}); err != nil {
		n.t.Fatalf("StartContainer: %v", err)
	}
	return made.ContainerId
}

func (n *node) status(container string) *cri.ContainerStatus {
	n.t.Helper()
	answer, err := n.cri.ContainerStatus(n.ctx, &cri.ContainerStatusRequest{ContainerId: container})
	if err != nil {
		n.t.Fatalf("ContainerStatus: %v", err)
	}
	return answer.Status
}

func TestContainerSurvivesRestartsOfContainerd(t *testing.T) {
	n := startNode(t)
	config := n.hostPod("survivor")
	sandbox := n.runSandbox(config)
	before := n.status(n.runPause(sandbox, config))

	t.Run("skiff stops and starts", func(t *testing.T) {
		n.end()
		n.start()
		sameContainer(t, before, n.status(before.Id))
	})
	t.Run("containerd is killed", func(t *testing.T) {
		pid, ok := oldChild(n.cfg)
		if !ok {
			t.Fatal("no containerd by the pid file")
		}
		if err := endProcess(n.ctx, pid, 0); err != nil {
			t.Fatal(err)
		}
		n.awaitNewChild(pid)
		sameContainer(t, before, n.status(before.Id))
	})
	if _, err := n.cri.StopContainer(n.ctx, &cri.StopContainerRequest{ContainerId: before.Id, Timeout: 10}); err != nil {
		t.Errorf("StopContainer: %v", err)
	}
	if got := n.status(before.Id); got.State != cri.ContainerState_CONTAINER_EXITED || got.ExitCode != 0 {
		t.Errorf("after StopContainer the container is %v with exit code %d, want exited with 0", got.State, got.ExitCode)
	}
}

func sameContainer(t *testing.T, before, now *cri.ContainerStatus) {
	t.Helper()
	if now.State != cri.ContainerState_CONTAINER_RUNNING || now.StartedAt != before.StartedAt {
		t.Errorf("the container is %v since %d, want running since %d", now.State, now.StartedAt, before.StartedAt)
	}
}

// awaitNewChild waits until another containerd than the one with this number
// answers.
func (n *node) awaitNewChild(old int) {
	n.t.Helper()
	await(n.t, "another containerd", func() bool {
		pid, ok := oldChild(n.cfg)
		if !ok || pid == old {
			return false
		}
		_, err := n.cri.Version(n.ctx, &cri.VersionRequest{}, grpc.WaitForReady(true))
		return err == nil
	})
}

// await polls for a condition that the kernel or another process brings about.
func await(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !met(); {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within 20 s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestCleanLeavesNothing(t *testing.T) {
	needReal(t)
	before := hostState(t)
	n := startNode(t)
	config := n.hostPod("left")
	n.runPause(n.runSandbox(config), config)
	n.end()
	if hostState(t) == before {
		t.Fatal("a running pod shows nowhere on the host: the comparison is blind")
	}
	for range 2 { // the second time has nothing to do
		if err := Clean(n.cfg); err != nil {
			t.Fatalf("Clean: %v", err)
		}
	}
	if after := hostState(t); after != before {
		t.Errorf("Clean leaves something.\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

// hostState is what the runtime can leave on a host: mounts, cgroups and
// processes of test data directories.
func hostState(t *testing.T) string {
	t.Helper()
	var lines []string
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, "skiff-rt") {
			lines = append(lines, "mount "+line)
		}
	}
	roots, err := hierarchies()
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range roots {
		groups, _ := filepath.Glob(filepath.Join(root, "skiff-skiff-rt*"))
		lines = append(lines, groups...)
	}
	pids, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		exe := executable(pid)
		if pid != os.Getpid() && (strings.Contains(exe, "skiff-rt") || exe == "/pause" || exe == executable(os.Getpid())) {
			lines = append(lines, fmt.Sprintf("process %d %s %v", pid, exe, commandLine(pid)))
		}
	}
	return strings.Join(lines, "\n")
}
