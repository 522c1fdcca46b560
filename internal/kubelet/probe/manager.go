package probe

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/kubelet/lifecycle"
)

// Config is what a Manager needs.
type Config struct {
	Exec      Exec
	Changed   func(uid types.UID)                            // what the probes of a pod say has changed
	Unhealthy func(uid types.UID, container, message string) // a probe failed

	// Served are the TCP ports of a pod that Services send to, and Process is
	// any process of the pod: containers without a readiness probe are ready
	// when the pod listens there. Both may be nil; then nothing is waited for.
	Served  func(*corev1.Pod) []uint16
	Process func(*corev1.Pod) (pid int, ok bool)
}

// Manager keeps the health of a node's containers.
type Manager struct {
	Config
	ctx     context.Context
	mu      sync.Mutex
	pods    map[types.UID]map[string]*probed // by container ID
	running sync.WaitGroup
}

// probed is a running container.
type probed struct {
	cancel  context.CancelFunc
	health  lifecycle.Health
	started chan struct{} // closed once the startup probe has succeeded
}

// NewManager returns a Manager whose probes end with ctx.
func NewManager(ctx context.Context, cfg Config) *Manager {
	return &Manager{Config: cfg, ctx: ctx, pods: map[types.UID]map[string]*probed{}}
}

// Wait returns once every probe has ended.
func (m *Manager) Wait() { m.running.Wait() }

// Sync looks after exactly the containers of the pod that run. One that the API
// knows as ready starts out ready: it was probed before this kubelet started.
func (m *Manager) Sync(pod *corev1.Pod, seen lifecycle.Observed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	have := m.pods[pod.UID]
	run := map[string]bool{}
	for i := range seen.Containers {
		c := &seen.Containers[i]
		spec, main := definition(pod, c.Name)
		if c.State != lifecycle.Running || spec == nil {
			continue
		}
		run[c.ID] = true
		if have[c.ID] == nil {
			if have == nil {
				have = map[string]*probed{}
				m.pods[pod.UID] = have
			}
			have[c.ID] = m.start(target{pod: pod, container: spec, main: main, id: c.ID, ip: pod.Status.PodIP}, c.Started)
		}
	}
	for id, p := range have {
		if !run[id] {
			p.cancel()
			delete(have, id)
		}
	}
	if len(have) == 0 {
		delete(m.pods, pod.UID)
	}
}

// Forget ends the probes of a pod.
func (m *Manager) Forget(uid types.UID) {
	m.Sync(&corev1.Pod{ObjectMeta: podUID(uid)}, lifecycle.Observed{})
}

// Health is what the probes of a pod say, by container ID.
func (m *Manager) Health(uid types.UID) map[string]lifecycle.Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]lifecycle.Health{}
	for id, p := range m.pods[uid] {
		out[id] = p.health
	}
	return out
}

// definition finds a container that may have probes; main says that it is not
// an init container. It is nil for others.
func definition(pod *corev1.Pod, name string) (c *corev1.Container, main bool) {
	for i := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[i]; c.Name == name {
			return c, true
		}
	}
	for i := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[i]; c.Name == name {
			return c, false
		}
	}
	return nil, false
}

// start begins a container's probes. The caller holds the lock.
func (m *Manager) start(t target, since time.Time) *probed {
	ctx, cancel := context.WithCancel(m.ctx)
	health, wasReady := known(t)
	p := &probed{cancel: cancel, health: health, started: make(chan struct{})}
	if !wasReady && m.deaf(t, since) {
		p.health.Deaf = true
		m.running.Go(func() { m.listen(ctx, t, p, since) })
	}
	if t.container.StartupProbe == nil {
		p.health.Started = true
	}
	if p.health.Started {
		close(p.started)
	}
	for _, one := range []struct {
		kind string
		spec *corev1.Probe
	}{{"Startup", t.container.StartupProbe}, {"Liveness", t.container.LivenessProbe}, {"Readiness", t.container.ReadinessProbe}} {
		if one.spec == nil || one.kind == "Startup" && p.health.Started {
			continue
		}
		r := &runner{m: m, t: t, p: p, kind: one.kind, spec: one.spec}
		m.running.Go(func() { r.run(ctx, since) })
	}
	return p
}

// known is the health that the API has of this run of the container, and
// whether it was ready.
func known(t target) (health lifecycle.Health, ready bool) {
	for _, list := range [][]corev1.ContainerStatus{t.pod.Status.InitContainerStatuses, t.pod.Status.ContainerStatuses} {
		for _, s := range list {
			if s.Name == t.container.Name && s.ContainerID == "containerd://"+t.id {
				return lifecycle.Health{Ready: s.Ready && t.container.ReadinessProbe != nil, Started: s.Started != nil && *s.Started}, s.Ready
			}
		}
	}
	return lifecycle.Health{}, false
}

// update changes a container's health and tells of it.
func (m *Manager) update(t target, p *probed, change func(*lifecycle.Health)) {
	m.mu.Lock()
	before := p.health
	change(&p.health)
	changed := p.health != before
	if !before.Started && p.health.Started {
		close(p.started)
	}
	m.mu.Unlock()
	if changed {
		m.Changed(t.pod.UID)
	}
}
