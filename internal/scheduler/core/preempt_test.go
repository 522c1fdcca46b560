package core

import (
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func started(minutes int) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.StartTime = &metav1.Time{Time: time.Unix(0, 0).Add(time.Duration(minutes) * time.Minute)}
	}
}

// preempt asks for a place for p, which must not fit, and returns the victims.
func preempt(t *testing.T, s *State, p *Pod, budgets ...Budget) (node string, victims map[string]bool) {
	t.Helper()
	d := s.Decide(p)
	if d.Failure == nil {
		t.Fatalf("%s fits on %s", p.Name, d.Node)
	}
	before := len(s.placed)
	got, ok := s.Preempt(p, d.Failure, budgets)
	if len(s.placed) != before || s.Decide(p).Failure == nil {
		t.Error("the state is not as it was")
	}
	victims = map[string]bool{}
	for _, v := range got.Victims {
		victims[v.Name] = true
	}
	if !ok {
		return "", victims
	}
	return got.Node, victims
}

func expectVictims(t *testing.T, got map[string]bool, want ...string) {
	t.Helper()
	m := map[string]bool{}
	for _, w := range want {
		m[w] = true
	}
	if !maps.Equal(got, m) {
		t.Errorf("victims %v, want %v", got, want)
	}
}

func TestPreemptsAsFewAndAsUnimportantAsPossible(t *testing.T) {
	s := state(testNode("a"))
	s.SetPod(testPod(t, "low", requests("1", "1Gi"), priority(1)), "a")
	s.SetPod(testPod(t, "mid", requests("1", "1Gi"), priority(5)), "a")
	s.SetPod(testPod(t, "high", requests("2", "1Gi"), priority(20)), "a")
	node, victims := preempt(t, s, testPod(t, "p", requests("1", "1Gi"), priority(10)))
	if node != "a" {
		t.Errorf("node %q", node)
	}
	expectVictims(t, victims, "low")
	_, victims = preempt(t, s, testPod(t, "p2", requests("2", "1Gi"), priority(10)))
	expectVictims(t, victims, "low", "mid")
	if node, _ := preempt(t, s, testPod(t, "p3", requests("3", "1Gi"), priority(10))); node != "" {
		t.Error("there is not enough of less importance")
	}
	if node, _ := preempt(t, s, testPod(t, "p4", requests("1", "1Gi"), priority(1))); node != "" {
		t.Error("equals do not preempt each other")
	}
	never := func(p *corev1.Pod) { n := corev1.PreemptNever; p.Spec.PreemptionPolicy = &n }
	if node, _ := preempt(t, s, testPod(t, "p5", requests("1", "1Gi"), priority(10), never)); node != "" {
		t.Error("preemptionPolicy: Never")
	}
}

func TestPreemptsWhereItHurtsLeast(t *testing.T) {
	big := requests("4", "1Gi")
	s := state(testNode("a"), testNode("b"), testNode("c"))
	s.SetPod(testPod(t, "a1", big, priority(5), started(1)), "a")
	s.SetPod(testPod(t, "b1", big, priority(3), started(1)), "b")
	s.SetPod(testPod(t, "c1", big, priority(3), started(9)), "c")
	p := testPod(t, "p", big, priority(10))
	node, _ := preempt(t, s, p)
	if node != "c" {
		t.Errorf("the youngest of the least important is on c, got %s", node)
	}
	budget := Budget{Namespace: "ns", Selector: mustSelector(t, "guarded")}
	s.SetPod(testPod(t, "c1", big, priority(3), started(9), labelled("guarded")), "c")
	if node, _ = preempt(t, s, p, budget); node != "b" {
		t.Errorf("c is under a budget, got %s", node)
	}
	budget.Allowed = 1
	if node, _ = preempt(t, s, p, budget); node != "c" {
		t.Errorf("the budget allows it, got %s", node)
	}
}

func TestPreemptionCannotHelp(t *testing.T) {
	s := state(testNode("a", taint("k", "v", corev1.TaintEffectNoSchedule)))
	s.SetPod(testPod(t, "low", priority(1)), "a")
	if node, _ := preempt(t, s, testPod(t, "p", priority(10))); node != "" {
		t.Error("a taint stays whoever goes")
	}
}

func TestPreemptsForAntiAffinity(t *testing.T) {
	s := state(testNode("a"))
	s.SetPod(testPod(t, "shy", labelled("shy"), priority(1), awayFrom("web", corev1.LabelHostname)), "a")
	s.SetPod(testPod(t, "bystander", priority(1)), "a")
	node, victims := preempt(t, s, testPod(t, "p", labelled("web"), priority(10)))
	if node != "a" {
		t.Errorf("node %q", node)
	}
	expectVictims(t, victims, "shy")
}
