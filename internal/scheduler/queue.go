package scheduler

import (
	"cmp"
	"container/heap"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/scheduler/core"
)

// Times that Kubernetes' scheduler uses, too.
const (
	firstBackoff = time.Second
	lastBackoff  = 10 * time.Second
	// forgotten is when a pod without a place is tried again though nothing
	// happened that is known to help.
	forgotten = 5 * time.Minute
)

// queue holds the pods that have no node yet. It keeps no time and takes no
// lock.
type queue struct {
	all    map[types.UID]*waiting
	ready  pile // to be tried now, the most important first
	later  pile // to be tried when their time has come, or something helps
	serial uint64
}

// waiting is a pod in the queue.
type waiting struct {
	pod      *core.Pod
	attempts int
	serial   uint64    // order of arrival
	tryAt    time.Time // in later
	lastTry  time.Time
	rejected map[string]bool // by these plug-ins; nil: by none in particular
	stuck    bool            // waits for something to happen, not for its back-off

	in    *pile // nil: being tried, or gated
	index int
}

func newQueue() *queue {
	q := &queue{all: map[types.UID]*waiting{}}
	q.ready.less = func(a, b *waiting) bool {
		return cmp.Or(cmp.Compare(b.pod.Priority, a.pod.Priority), cmp.Compare(a.serial, b.serial)) < 0
	}
	q.later.less = func(a, b *waiting) bool { return a.tryAt.Before(b.tryAt) }
	return q
}

// set adds a pod, or renews one. It is tried at once when it is new, or when
// it asks for something else than before. A gated pod only waits.
func (q *queue) set(pod *core.Pod) {
	w, known := q.all[pod.UID]
	if !known {
		q.serial++
		w = &waiting{serial: q.serial}
		q.all[pod.UID] = w
	}
	old := w.pod
	w.pod = pod
	gated := len(pod.Spec.SchedulingGates) > 0
	switch {
	case gated:
		q.take(w)
	case !known || len(old.Spec.SchedulingGates) > 0 || !pod.SameDemands(old):
		if known && w.in == nil && len(old.Spec.SchedulingGates) == 0 {
			return // being tried; what comes of it is seen with the new object
		}
		q.put(w, &q.ready)
	}
}

// remove forgets a pod: it has a node, or is gone.
func (q *queue) remove(uid types.UID) {
	if w, ok := q.all[uid]; ok {
		q.take(w)
		delete(q.all, uid)
	}
}

// next takes the pod to be tried now. When there is none, at is when one will
// be; zero: not before something happens.
func (q *queue) next(now time.Time) (w *waiting, at time.Time) {
	for len(q.later.list) > 0 && !q.later.list[0].tryAt.After(now) {
		q.put(q.later.list[0], &q.ready)
	}
	if len(q.ready.list) > 0 {
		w = q.ready.list[0]
		q.take(w)
		w.attempts++
		w.lastTry = now
		return w, time.Time{}
	}
	if len(q.later.list) > 0 {
		at = q.later.list[0].tryAt
	}
	return nil, at
}

// failed puts a pod back for which no node was found, with the plug-ins that
// rejected nodes.
func (q *queue) failed(w *waiting, rejected map[string]bool) {
	w.rejected, w.stuck, w.tryAt = rejected, true, w.lastTry.Add(forgotten)
	q.put(w, &q.later)
}

// again puts a pod back that could not be bound.
func (q *queue) again(w *waiting) {
	w.rejected, w.stuck, w.tryAt = nil, false, w.lastTry.Add(backoff(w.attempts))
	q.put(w, &q.later)
}

// happened lets those pods be tried again, after their back-off, that were
// rejected by one of the plug-ins that e can help with.
func (q *queue) happened(e event) {
	var free []*waiting
	for _, w := range q.later.list {
		if w.stuck && e.helps(w.rejected) {
			free = append(free, w)
		}
	}
	for _, w := range free {
		q.again(w)
	}
}

func backoff(attempts int) time.Duration {
	d := firstBackoff
	for range attempts - 1 {
		if d *= 2; d >= lastBackoff {
			return lastBackoff
		}
	}
	return d
}

func (q *queue) put(w *waiting, where *pile) {
	q.take(w)
	w.in = where
	heap.Push(where, w)
}

func (q *queue) take(w *waiting) {
	if w.in != nil {
		heap.Remove(w.in, w.index)
		w.in = nil
	}
}

// event is something that happened in the cluster.
type event int

const (
	nodeChanged event = iota
	podPlaced
	podGone
	namespaceChanged
)

// helps says whether the event can change the mind of one of the plug-ins.
func (e event) helps(rejected map[string]bool) bool {
	switch e {
	case podPlaced:
		return rejected[core.InterPodAffinity] || rejected[core.PodTopologySpread]
	case podGone:
		return rejected[core.NodeResourcesFit] || rejected[core.NodePorts] ||
			rejected[core.InterPodAffinity] || rejected[core.PodTopologySpread]
	case namespaceChanged:
		return rejected[core.InterPodAffinity]
	}
	return true
}

// pile is a heap of waiting pods.
type pile struct {
	list []*waiting
	less func(a, b *waiting) bool
}

func (p *pile) Len() int           { return len(p.list) }
func (p *pile) Less(i, j int) bool { return p.less(p.list[i], p.list[j]) }
func (p *pile) Swap(i, j int) {
	p.list[i], p.list[j] = p.list[j], p.list[i]
	p.list[i].index, p.list[j].index = i, j
}
func (p *pile) Push(x any) {
	w := x.(*waiting)
	w.index = len(p.list)
	p.list = append(p.list, w)
}
func (p *pile) Pop() any {
	last := len(p.list) - 1
	w := p.list[last]
	p.list[last] = nil
	p.list = p.list[:last]
	return w
}
