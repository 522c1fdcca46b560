package kubelet

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"skiff/internal/kubelet/cri"
	"skiff/internal/kubelet/lifecycle"
)

// observeRetry is how long a worker waits when the runtime does not answer.
const observeRetry = time.Second

// worker drives one pod. Its loop owns all fields below inbox; others reach it
// only by posting functions for the loop to run.
type worker struct {
	k   *kubelet
	uid types.UID
	log *slog.Logger

	wake  chan struct{}
	mu    sync.Mutex
	inbox []func()

	pod      *corev1.Pod // as the API last had it
	shown    atomic.Pointer[corev1.Pod]
	gone     bool
	memory   *lifecycle.Memory
	observed lifecycle.Observed
	stale    bool // the runtime may have changed since observed
	report   reporter
	volumes  map[string]string // the volumes' paths
	hooked   map[string]bool   // containers whose preStop hook was called
	told     map[string]string // why each container waits, as last told in an event
	work     sync.WaitGroup
}

func newWorker(k *kubelet, pod *corev1.Pod) *worker {
	w := &worker{
		k: k, uid: pod.UID, pod: pod, stale: true,
		log:  k.Log.With("pod", pod.Namespace+"/"+pod.Name, "uid", pod.UID),
		wake: make(chan struct{}, 1), memory: lifecycle.Resume(pod.Status),
		hooked: map[string]bool{}, told: map[string]string{},
	}
	w.shown.Store(pod)
	return w
}

// post makes the loop run f, and then decide again. It never blocks.
func (w *worker) post(f func()) {
	w.mu.Lock()
	w.inbox = append(w.inbox, f)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// touched says that the runtime has news of the pod.
func (w *worker) touched() { w.post(func() { w.stale = true }) }

// run is the loop: see what there is, decide, act, report; until nothing of
// the pod is left.
func (w *worker) run(ctx context.Context) {
	defer w.work.Wait()
	if !w.gone {
		w.k.sources.Register(w.pod)
	}
	for {
		w.drain()
		wake, done := w.step(ctx)
		if done {
			w.finish()
			return
		}
		if !w.wait(ctx, wake) {
			return
		}
	}
}

func (w *worker) drain() {
	w.mu.Lock()
	inbox := w.inbox
	w.inbox = nil
	w.mu.Unlock()
	for _, f := range inbox {
		f()
	}
}

// step decides once. It returns when to decide again at the latest.
func (w *worker) step(ctx context.Context) (wake time.Time, done bool) {
	if w.stale {
		observed, err := w.k.observer.Pod(ctx, w.uid)
		if err != nil {
			w.log.Debug("the runtime does not answer", "err", err)
			return time.Now().Add(observeRetry), false
		}
		w.observed, w.stale = observed, false
		w.k.logs.Watch(w.uid, w.observed)
	}
	w.k.probes.Sync(w.podNow(), w.observed)
	w.report.current = &w.pod.Status // one view of it for the decision and the report
	d := lifecycle.Decide(w.input())
	for _, a := range d.Actions {
		w.log.Debug("begins", "action", a.Key())
		w.begin(ctx, a)
	}
	w.tellBackOff(d.Status)
	retry := w.reportStatus(ctx, d.Status)
	return earlier(d.Wake, retry), d.Done && len(w.memory.InFlight) == 0
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (w *worker) input() lifecycle.Input {
	return lifecycle.Input{
		Pod: w.pod, Gone: w.gone, Observed: w.observed, Memory: w.memory,
		Probes:  w.k.probes.Health(w.uid),
		HostIPs: w.k.hostIPs(),
		Synced:  w.report.has,
		HashOf:  cri.Hash,
		Now:     time.Now(),
	}
}

func (w *worker) wait(ctx context.Context, until time.Time) bool {
	var timeout <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-w.wake:
	case <-timeout:
	}
	return true
}

// update takes the pod's newer state. What the downward API shows in files is
// brought up to date.
func (w *worker) update(pod *corev1.Pod) {
	if !newer(pod, w.pod) {
		return
	}
	if !maps.Equal(pod.Labels, w.pod.Labels) || !maps.Equal(pod.Annotations, w.pod.Annotations) {
		w.memory.Volumes.Stale = true
	}
	w.pod = pod
	w.shown.Store(pod)
}

// newer says whether a is not older than b. Versions that cannot be compared
// count as newer: what comes last was seen last.
func newer(a, b *corev1.Pod) bool {
	order, err := resourceversion.CompareResourceVersion(a.ResourceVersion, b.ResourceVersion)
	return err != nil || order >= 0
}

// begin performs an action in the background and posts its result.
func (w *worker) begin(ctx context.Context, a lifecycle.Action) {
	w.memory.Begin(a, w.previousEnd(a), time.Now())
	perform := w.performer(a)
	w.work.Go(func() {
		result := perform(ctx)
		w.post(func() {
			w.memory.End(a, result, time.Now())
			w.stale = true
		})
	})
}

// previousEnd is when the last run of a container that is started again ended.
func (w *worker) previousEnd(a lifecycle.Action) time.Time {
	if a.Kind != lifecycle.StartContainer || a.ID != "" {
		return time.Time{}
	}
	last := w.observed.NewestIn(a.SandboxID, a.Container)
	if last == nil || last.State != lifecycle.Exited {
		return time.Time{}
	}
	return last.Finished
}

// finish removes what is left on disk of a pod that no longer exists.
func (w *worker) finish() {
	w.k.sources.Unregister(w.uid)
	w.k.probes.Forget(w.uid)
	w.k.logs.Forget(w.uid)
	for _, dir := range []string{w.k.podDir(w.uid), cri.LogDir(w.k.LogDir, w.pod)} {
		if err := os.RemoveAll(dir); err != nil {
			w.log.Warn("a directory of a deleted pod is left", "dir", dir, "err", err)
		}
	}
	w.k.forget(w.uid)
}
