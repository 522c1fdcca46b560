package runtime

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/host"
	"skiff/test/await"
	"skiff/test/programs"
)

// TestMain lets the test binary be a skiff that runs containers.
func TestMain(m *testing.M) {
	if dir := os.Getenv(asSkiff); dir != "" {
		cfg := testConfig(dir)
		cfg.Ready = func() { fmt.Println("ready") }
		cfg.Exec = os.Getenv(itsContainerd)
		fmt.Fprintln(os.Stderr, Run(context.Background(), cfg))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// asSkiff makes the test binary a skiff that only runs containers, in the
// data directory that the variable names, with the containerd that the other
// one does.
const (
	asSkiff       = "SKIFF_RUNTIME_DIR"
	itsContainerd = "SKIFF_RUNTIME_CONTAINERD"
)

func testConfig(dir string) Config {
	return Config{DataDir: dir, Names: host.Names{Cluster: filepath.Base(dir), Node: "test"}}
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
	n := newNode(t)
	n.start()
	return n
}

// newNode is a node that does not run yet.
func newNode(t *testing.T) *node {
	t.Helper()
	needReal(t)
	dir, err := os.MkdirTemp("", "skiff-rt")
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, cfg: testConfig(dir)}
	n.cfg.Exec = programs.Containerd(t)
	t.Cleanup(func() {
		n.end()
		if err := Clean(n.cfg); err != nil {
			t.Errorf("Clean: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
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
	n.ctx = ctx // of the requests, too: those that stand when Run ends are cut short
	disconnect := n.connect()
	n.stop = func() { disconnect(); cancel() }
}

// connect dials the CRI.
func (n *node) connect() (disconnect func()) {
	n.t.Helper()
	conn, err := grpc.NewClient(Endpoint(n.cfg), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		n.t.Fatal(err)
	}
	n.cri, n.images = cri.NewRuntimeServiceClient(conn), cri.NewImageServiceClient(conn)
	return func() { conn.Close() }
}

// startProcess runs the node in a process of its own, which kill ends without
// a warning.
func (n *node) startProcess() (kill func()) {
	n.t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), asSkiff+"="+n.cfg.DataDir, itsContainerd+"="+n.cfg.Exec)
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	n.t.Cleanup(kill)
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "ready\n" {
		n.t.Fatalf("the process says %q (%v), want ready", line, err)
	}
	n.ctx = n.t.Context()
	n.t.Cleanup(n.connect())
	return kill
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

func TestContainerSurvivesAKillOfSkiff(t *testing.T) {
	needReal(t)
	n := newNode(t)
	kill := n.startProcess()
	config := n.hostPod("survivor")
	before := n.status(n.runPause(n.runSandbox(config), config))
	pid, ok := oldChild(n.cfg)
	if !ok {
		t.Fatal("no containerd by the pid file")
	}

	kill()
	awaitTrue(t, "end of containerd after that of its parent", func() bool { return !isAlive(pid) })
	n.start()
	sameContainer(t, before, n.status(before.Id))
}

// A containerd that hangs does not see that its parent is gone.
func TestAnOldContainerdIsReplaced(t *testing.T) {
	needReal(t)
	n := newNode(t)
	kill := n.startProcess()
	pid, ok := oldChild(n.cfg)
	if !ok {
		t.Fatal("no containerd by the pid file")
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	kill()
	stopGrace = 100 * time.Millisecond
	t.Cleanup(func() { stopGrace = defaultStopGrace })
	n.start()
	if isAlive(pid) {
		t.Error("the old containerd is still there")
	}
}

// The number in a pid file may have become another process's.
func TestAStrangersProcessIsLeftAlone(t *testing.T) {
	cfg := testConfig(t.TempDir())
	stranger := exec.Command("sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	})
	if err := os.MkdirAll(filepath.Dir(cfg.pidFile()), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.pidFile(), []byte(strconv.Itoa(stranger.Process.Pid)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := replaceOldChild(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if !isAlive(stranger.Process.Pid) {
		t.Error("a process that is not ours was ended")
	}
}

func TestContainerEvents(t *testing.T) {
	n := startNode(t)
	events, err := n.cri.GetContainerEvents(n.ctx, &cri.GetEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	config := n.hostPod("eventful")
	sandbox := n.runSandbox(config)
	container := n.runPause(sandbox, config)
	if _, err := n.cri.StopContainer(n.ctx, &cri.StopContainerRequest{ContainerId: container, Timeout: 10}); err != nil {
		t.Fatal(err)
	}
	var got []cri.ContainerEventType
	for len(got) < 3 {
		event, err := events.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if event.ContainerId == container {
			got = append(got, event.ContainerEventType)
		}
	}
	want := []cri.ContainerEventType{
		cri.ContainerEventType_CONTAINER_CREATED_EVENT,
		cri.ContainerEventType_CONTAINER_STARTED_EVENT,
		cri.ContainerEventType_CONTAINER_STOPPED_EVENT,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the container's events are %v, want %v", got, want)
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
	awaitTrue(n.t, "another containerd", func() bool {
		pid, ok := oldChild(n.cfg)
		if !ok || pid == old {
			return false
		}
		_, err := n.cri.Version(n.ctx, &cri.VersionRequest{}, grpc.WaitForReady(true))
		return err == nil
	})
}

// awaitTrue waits for a condition that the kernel or another process brings about.
func awaitTrue(t *testing.T, what string, met func() bool) {
	t.Helper()
	await.True(t, 20*time.Second, what, met)
}

func TestCleanLeavesNothing(t *testing.T) {
	n := startNode(t)
	config := n.hostPod("left")
	n.runPause(n.runSandbox(config), config)
	n.end()
	if traces := n.traces(); len(traces) < 5 {
		t.Fatalf("a running pod leaves too few traces for this test to see anything: %q", traces)
	}
	for range 2 { // the second time has nothing to do
		if err := Clean(n.cfg); err != nil {
			t.Fatalf("Clean: %v", err)
		}
	}
	if traces := n.traces(); len(traces) > 0 {
		t.Errorf("Clean leaves:\n%s", strings.Join(traces, "\n"))
	}
}

// traces is what there is of the node on the host: mounts, cgroups, processes.
// All bear the name of its data directory.
func (n *node) traces() []string {
	n.t.Helper()
	mark := filepath.Base(n.cfg.DataDir)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		n.t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, mark) {
			found = append(found, "mount "+strings.TrimSpace(line))
		}
	}
	roots, err := hierarchies()
	if err != nil {
		n.t.Fatal(err)
	}
	for _, root := range roots {
		groups, _ := filepath.Glob(filepath.Join(root, "*"+mark+"*"))
		found = append(found, groups...)
	}
	pids, err := processes()
	if err != nil {
		n.t.Fatal(err)
	}
	for _, pid := range pids {
		groups, _ := os.ReadFile(procPath(pid, "cgroup"))
		args := strings.Join(commandLine(pid), " ")
		if strings.Contains(args+executable(pid)+string(groups), mark) {
			found = append(found, fmt.Sprintf("process %d: %s", pid, args))
		}
	}
	return found
}
