package scheduler

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/scheduler/core"
)

func queued(t *testing.T, name string, priority int32, change ...func(*corev1.Pod)) *core.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(name)}}
	p.Spec.Priority = &priority
	for _, f := range change {
		f(p)
	}
	out, err := core.NewPod(p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func gated(p *corev1.Pod) { p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "g"}} }

func expectNext(t *testing.T, q *queue, now time.Time, want string) *waiting {
	t.Helper()
	w, _ := q.next(now)
	got := ""
	if w != nil {
		got = w.pod.Name
	}
	if got != want {
		t.Fatalf("next is %q, want %q", got, want)
	}
	return w
}

func TestQueueOrder(t *testing.T) {
	q, now := newQueue(), time.Unix(1000, 0)
	q.set(queued(t, "a", 0))
	q.set(queued(t, "gated", 9, gated))
	q.set(queued(t, "b", 0))
	q.set(queued(t, "urgent", 5))
	q.set(queued(t, "gone", 1))
	q.remove("gone")
	for _, want := range []string{"urgent", "a", "b", ""} {
		expectNext(t, q, now, want)
	}
	q.set(queued(t, "gated", 9))
	expectNext(t, q, now, "gated")
}

func TestBackOffGrows(t *testing.T) {
	q, now := newQueue(), time.Unix(1000, 0)
	q.set(queued(t, "a", 0))
	for _, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		q.again(expectNext(t, q, now, "a"))
		_, at := q.next(now)
		if at.Sub(now) != want*time.Second {
			t.Fatalf("next try in %v, want %v s", at.Sub(now), int(want))
		}
		now = at
	}
}

func TestOnlyWhatHelpsFreesAPod(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, c := range []struct {
		rejected string
		happened event
		free     bool
	}{
		{core.NodeResourcesFit, podGone, true}, {core.NodeResourcesFit, podPlaced, false},
		{core.TaintToleration, podGone, false}, {core.TaintToleration, nodeChanged, true},
		{core.InterPodAffinity, podPlaced, true}, {core.InterPodAffinity, namespaceChanged, true},
		{core.NodePorts, namespaceChanged, false},
	} {
		q := newQueue()
		q.set(queued(t, "a", 0))
		q.failed(expectNext(t, q, now, "a"), map[string]bool{c.rejected: true})
		q.happened(c.happened)
		_, at := q.next(now)
		if free := at.Sub(now) == firstBackoff; free != c.free {
			t.Errorf("%+v: next try in %v", c, at.Sub(now))
		}
	}
}

func TestAChangedPodIsTriedAtOnce(t *testing.T) {
	q, now := newQueue(), time.Unix(1000, 0)
	q.set(queued(t, "a", 0))
	q.failed(expectNext(t, q, now, "a"), map[string]bool{core.TaintToleration: true})
	q.set(queued(t, "a", 0, func(p *corev1.Pod) { p.Annotations = map[string]string{"x": "y"} }))
	expectNext(t, q, now, "")
	q.set(queued(t, "a", 0, func(p *corev1.Pod) { p.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}} }))
	expectNext(t, q, now, "a")
}
