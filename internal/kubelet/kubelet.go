package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/record"

	"skiff/internal/client"
	"skiff/internal/kubelet/cgroup"
	"skiff/internal/kubelet/cri"
	"skiff/internal/kubelet/hostfile"
	"skiff/internal/kubelet/logs"
	"skiff/internal/kubelet/node"
	"skiff/internal/kubelet/probe"
	"skiff/internal/kubelet/source"
	"skiff/internal/kubelet/volume"
)

// kubelet is a running kubelet: what its pods' workers share.
type kubelet struct {
	Config
	client   kubernetes.Interface
	runtime  *cri.Client
	observer *cri.Observer
	cgroups  *cgroup.Manager
	sources  *source.Sources
	volumes  *volume.Manager
	probes   *probe.Manager
	logs     *logs.Keeper
	keeper   *node.Keeper
	events   record.EventRecorder
	services corelisters.ServiceLister
	synced   func(context.Context) bool // waits for the Services
	machine  node.Machine
	dns      hostfile.DNS
	limits   limits

	health runtimeHealth

	mu      sync.Mutex
	ctx     context.Context
	workers map[types.UID]*worker
	running sync.WaitGroup
}

// limits bound how much is done at once: starting containers is bound by the
// processor, and a few at a time get ready sooner than many together.
type limits struct{ starts, pulls chan struct{} }

// Run runs the kubelet until ctx ends. Pods go on running.
func Run(ctx context.Context, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	clients, err := client.New(cfg.Client, "kubelet")
	if err != nil {
		return err
	}
	return run(ctx, cfg, clients.Kube)
}

// run is Run with a client that a test may have made.
func run(ctx context.Context, cfg Config, kube kubernetes.Interface) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k, err := newKubelet(ctx, cfg, kube)
	if err != nil {
		return err
	}
	defer k.runtime.Close()
	stopEvents := k.startEvents()
	defer stopEvents()
	k.nodeEvent(corev1.EventTypeNormal, "Starting", "Starting kubelet.")
	server, err := k.serve(ctx)
	if err != nil {
		return err
	}
	k.running.Go(server)
	k.running.Go(func() { k.keeper.Run(ctx) })
	k.running.Go(func() { k.watchServices(ctx) })
	k.running.Go(func() { k.followRuntime(ctx) })
	k.running.Go(func() { k.followPods(ctx) })
	k.running.Go(func() { k.logs.Run(ctx) })
	<-ctx.Done()
	k.running.Wait()
	k.sources.Wait()
	k.probes.Wait()
	return nil
}

func newKubelet(ctx context.Context, cfg Config, kube kubernetes.Interface) (*kubelet, error) {
	for _, dir := range []string{cfg.podsDir(), cfg.LogDir} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("kubelet: %w", err)
		}
	}
	runtime, err := cri.Dial(cfg.RuntimeEndpoint)
	if err != nil {
		return nil, fmt.Errorf("kubelet: %w", err)
	}
	k := &kubelet{
		Config: cfg, client: kube, runtime: runtime, ctx: ctx,
		workers:  map[types.UID]*worker{},
		cgroups:  cgroup.New(cfg.CgroupRoot),
		observer: cri.NewObserver(runtime, logs.Tail),
		machine:  node.Inspect(cfg.DataDir),
		limits:   limits{starts: make(chan struct{}, 4), pulls: make(chan struct{}, 3)},
	}
	k.dns = hostfile.DNS{Servers: cfg.ClusterDNS, Domain: cfg.ClusterDomain, Host: hostResolver(cfg.ResolvConf)}
	k.sources = source.New(ctx, kube, k.sourceChanged, cfg.Log)
	k.volumes = volume.New(volume.Config{
		Root: cfg.podsDir(), Objects: k.sources, Claims: claims{kube}, Tokens: k.issueToken,
		Allocatable: k.machine.Allocatable(cfg.MaxPods),
	})
	k.probes = probe.NewManager(ctx, probe.Config{Exec: k.execProbe, Changed: k.nudge, Unhealthy: k.unhealthy,
		Served: k.served, Process: k.cgroups.Process})
	k.logs = logs.NewKeeper(logs.Config{Dir: cfg.LogDir, MaxSize: cfg.ContainerLogMaxSize, MaxFiles: cfg.ContainerLogMaxFiles,
		Reopen: k.reopenLog, Log: cfg.Log})
	k.keeper = node.NewKeeper(node.Config{
		Client: kube, Name: cfg.NodeName, Labels: cfg.Labels, Taints: cfg.Taints, Facts: k.facts,
		LeaseRenewal: cfg.LeaseRenewal, LeaseDuration: cfg.LeaseDuration, StatusRefresh: cfg.StatusRefresh, Log: cfg.Log,
		Event: k.nodeEvent,
	})
	if err := k.cgroups.Init(); err != nil {
		return nil, errors.Join(fmt.Errorf("kubelet: the control groups of pods cannot be made: %w", err), runtime.Close())
	}
	return k, nil
}

// hostResolver is the node's own resolver settings. A resolver on loopback
// cannot be reached from a pod; what it forwards to stands in for it.
func hostResolver(file string) hostfile.Resolv {
	read := func(file string) hostfile.Resolv {
		f, err := os.Open(file)
		if err != nil {
			return hostfile.Resolv{}
		}
		defer f.Close()
		return hostfile.ParseResolv(f)
	}
	own := read(file)
	if len(own.Nameservers) == 1 && strings.HasPrefix(own.Nameservers[0], "127.") {
		if real := read("/run/systemd/resolve/resolv.conf"); len(real.Nameservers) > 0 {
			return real
		}
	}
	return own
}

// worker returns a pod's worker, nil if there is none.
func (k *kubelet) worker(uid types.UID) *worker {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.workers[uid]
}

// nudge makes a pod's worker look again at what its probes say.
func (k *kubelet) nudge(uid types.UID) {
	if w := k.worker(uid); w != nil {
		w.post(func() {})
	}
}

func (k *kubelet) sourceChanged(uid types.UID) {
	if w := k.worker(uid); w != nil {
		w.post(w.memory.SourceChanged)
	}
}

// pod returns a pod that runs here by namespace and name, nil if there is none.
func (k *kubelet) pod(namespace, name string) *corev1.Pod {
	for _, p := range k.pods() {
		if p.Namespace == namespace && p.Name == name {
			return p
		}
	}
	return nil
}

// pods returns the node's pods.
func (k *kubelet) pods() []*corev1.Pod {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []*corev1.Pod
	for _, w := range k.workers {
		if p := w.shown.Load(); p != nil {
			out = append(out, p)
		}
	}
	return out
}
