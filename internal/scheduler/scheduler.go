// Package scheduler gives every pod a node. Package core decides; this one
// keeps the core's State up to date from informers, queues the pods that have
// no node yet, and writes what was decided: bindings, the PodScheduled
// condition, Events, and the deletion of preempted pods.
//
// It reads Pods, Nodes, Namespaces and PodDisruptionBudgets; it owns
// spec.nodeName of pods that name it as their scheduler.
package scheduler

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	policylisters "k8s.io/client-go/listers/policy/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"

	"skiff/internal/client"
	"skiff/internal/reconcile"
	"skiff/internal/scheduler/core"
)

// Config says as whom and for whom the scheduler works.
type Config struct {
	Client        *rest.Config // system:kube-scheduler
	SchedulerName string       // empty: default-scheduler
	// LeaderElect: other schedulers of this name may run, so hold a Lease.
	LeaderElect bool
}

// Run schedules until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	if cfg.SchedulerName == "" {
		cfg.SchedulerName = corev1.DefaultSchedulerName
	}
	c, err := client.New(cfg.Client, "skiff-scheduler")
	if err != nil {
		return err
	}
	lease := reconcile.Lease{Elect: cfg.LeaderElect, Kube: c.Kube, Name: "kube-scheduler"}
	return reconcile.Lead(ctx, lease, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		served, err := client.Discover(ctx, c.Kube.Discovery())
		if err != nil {
			return err
		}
		budgets := served.Serves(policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"))
		factory := client.NewInformers(c.Kube, slim)
		defer factory.Shutdown()
		defer cancel()
		s := newScheduler(c.Kube, factory, client.NewRecorder(ctx, c.Kube, cfg.SchedulerName), cfg.SchedulerName, budgets)
		if err := factory.Sync(ctx); err != nil {
			return err
		}
		return s.Run(ctx)
	})
}

// unfinished selects the pods that take up room or want it.
var unfinished = fmt.Sprintf("status.phase!=%s,status.phase!=%s", corev1.PodSucceeded, corev1.PodFailed)

// maxWrites bounds the calls to the API server that are on their way.
const maxWrites = 100

// Scheduler is the loop around the core.
type Scheduler struct {
	kube    kubernetes.Interface
	events  record.EventRecorder
	name    string
	budgets policylisters.PodDisruptionBudgetLister // nil: the API has none

	mu      sync.Mutex
	state   *core.State
	queue   *queue
	assumed map[types.UID]bool // placed by us, not yet seen in the informer
	claimed map[types.UID]bool // pods without a node whose place is kept free
	wake    chan struct{}      // something may be ready
	writes  chan struct{}      // one element for each call on its way
	pending sync.WaitGroup
}

func newScheduler(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder, name string, budgets bool) *Scheduler {
	s := &Scheduler{
		kube: kube, events: events, name: name,
		state: core.NewState(rand.Uint64()), queue: newQueue(),
		assumed: map[types.UID]bool{}, claimed: map[types.UID]bool{},
		wake: make(chan struct{}, 1), writes: make(chan struct{}, maxWrites),
	}
	nodes, namespaces := factory.Nodes().Informer(), factory.Namespaces().Informer()
	pods := factory.Where(unfinished).Pods().Informer()
	reconcile.OnUpdate(nodes, s.nodeChanged)
	reconcile.OnUpdate(namespaces, s.namespaceChanged)
	reconcile.OnUpdate(pods, s.podChanged)
	if budgets {
		s.budgets = factory.PodDisruptionBudgets().Lister()
	}
	return s
}

// Run places pods until ctx ends.
func (s *Scheduler) Run(ctx context.Context) error {
	defer s.pending.Wait()
	for ctx.Err() == nil {
		if w := s.next(ctx); w != nil {
			s.try(ctx, w)
		}
	}
	return ctx.Err()
}

// next returns a pod to be tried, or nil after waiting for one.
func (s *Scheduler) next(ctx context.Context) *waiting {
	s.mu.Lock()
	w, at := s.queue.next(time.Now())
	s.mu.Unlock()
	if w != nil {
		return w
	}
	var due <-chan time.Time
	if !at.IsZero() {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-s.wake:
	case <-due:
	}
	return nil
}

// try decides on one pod and starts writing what comes of it.
func (s *Scheduler) try(ctx context.Context, w *waiting) {
	s.mu.Lock()
	pod := w.pod
	if s.queue.all[pod.UID] != w || pod.DeletionTimestamp != nil {
		s.mu.Unlock()
		return
	}
	if s.claimed[pod.UID] { // its own reservation must not be in its way
		s.state.RemovePod(pod.UID)
	}
	d := s.state.Decide(pod)
	if d.Failure == nil {
		delete(s.claimed, pod.UID)
		s.assumed[pod.UID] = true
		s.state.SetPod(pod, d.Node)
		s.queue.happened(podPlaced)
		s.mu.Unlock()
		s.write(func() { s.bind(ctx, w, d.Node) })
		return
	}
	room := s.makeRoom(pod, d.Failure)
	s.queue.failed(w, d.Failure.Plugins)
	s.mu.Unlock()
	s.write(func() { s.report(ctx, pod, d.Failure, room) })
}

// write runs f in the background, when not too many are.
func (s *Scheduler) write(f func()) {
	s.writes <- struct{}{}
	s.pending.Go(func() {
		defer func() { <-s.writes }()
		f()
	})
}

// signal wakes the loop.
func (s *Scheduler) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
