package pods

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func ready(p *corev1.Pod, ago time.Duration) *corev1.Pod {
	p.Status.Conditions = []corev1.PodCondition{{
		Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-ago)),
	}}
	return p
}

func named(name string, change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{Spec: corev1.PodSpec{NodeName: "n"}, Status: corev1.PodStatus{Phase: corev1.PodRunning}}
	p.Name = name
	p.CreationTimestamp = metav1.NewTime(now.Add(-24 * time.Hour))
	ready(p, time.Hour)
	change(p)
	return p
}

func TestSortForDeletion(t *testing.T) {
	want := []*corev1.Pod{
		named("unassigned", func(p *corev1.Pod) { p.Spec.NodeName = "" }),
		named("pending", func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }),
		named("unready", func(p *corev1.Pod) { p.Status.Conditions = nil }),
		named("cheap", func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.PodDeletionCost: "-1"} }),
		named("crowded", func(p *corev1.Pod) { p.Spec.NodeName = "full" }),
		named("fresh", func(p *corev1.Pod) { ready(p, time.Minute) }),
		named("restarting", func(p *corev1.Pod) { p.Status.ContainerStatuses = []corev1.ContainerStatus{{RestartCount: 3}} }),
		named("young", func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(now.Add(-2 * time.Hour)) }),
		named("old", func(*corev1.Pod) {}),
		named("dear", func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.PodDeletionCost: "5"} }),
	}
	for shift := range want {
		got := append(append([]*corev1.Pod{}, want[shift:]...), want[:shift]...)
		SortForDeletion(got, map[string]int{"full": 2, "n": 1}, now)
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("shifted by %d: place %d has %s, want %s", shift, i, got[i].Name, want[i].Name)
			}
		}
	}
}

func TestAvailable(t *testing.T) {
	p := ready(&corev1.Pod{}, 4*time.Second)
	for _, c := range []struct {
		min  time.Duration
		ok   bool
		left time.Duration
	}{{0, true, 0}, {4 * time.Second, true, 0}, {10 * time.Second, false, 6 * time.Second}} {
		if ok, left := Available(p, c.min, now); ok != c.ok || left != c.left {
			t.Errorf("minReady %v: %v, %v; want %v, %v", c.min, ok, left, c.ok, c.left)
		}
	}
	if ok, left := Available(&corev1.Pod{}, 0, now); ok || left != 0 {
		t.Errorf("an unready pod: %v, %v", ok, left)
	}
}
