package eviction

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/testreader"
)

func pod(ready bool) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "p", Labels: map[string]string{"app": "x"}, UID: "u", ResourceVersion: "7"}}
	p.Status.Phase = corev1.PodRunning
	if ready {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	return p
}

func budget(name string, allowed, healthy, desired int32) *policyv1.PodDisruptionBudget {
	b := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, Generation: 1}}
	b.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}
	b.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: 1, DisruptionsAllowed: allowed, CurrentHealthy: healthy, DesiredHealthy: desired}
	return b
}

// disallowed is a budget whose controller says why it allows nothing.
func disallowed(reason, message string, healthy int32) *policyv1.PodDisruptionBudget {
	b := budget("b", 0, healthy, 2)
	b.Status.Conditions = []metav1.Condition{{Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: reason, Message: message}}
	return b
}

const tooManyRequests = "Cannot evict pod as it would violate the pod's disruption budget."

func TestSpend(t *testing.T) {
	stale, crowded := budget("b", 1, 2, 1), budget("b", 1, 2, 1)
	stale.Generation = 2
	crowded.Status.DisruptedPods = map[string]metav1.Time{}
	for i := range maxDisrupted + 1 {
		crowded.Status.DisruptedPods[strings.Repeat("x", i)] = metav1.Time{}
	}
	const forbidden = `poddisruptionbudget.policy "b" is forbidden: `
	for _, c := range []struct {
		what           string
		budget         *policyv1.PodDisruptionBudget
		refused, cause string
		after          int32
	}{
		{"within the budget", budget("b", 1, 2, 1), "", "", 0},
		{"one of more", budget("b", 2, 3, 1), "", "", 0},
		{"beyond it", budget("b", 0, 1, 1), tooManyRequests, "The disruption budget b needs 1 healthy pods and has 1 currently", 0},
		{"not seen by its controller", stale, tooManyRequests, "The disruption budget b is still being processed by the server.", 10},
		{"not to be counted", disallowed(policyv1.SyncFailedReason, "why", 3), tooManyRequests,
			"The disruption budget b does not allow evicting pods currently because it failed sync: why", 0},
		{"too few, whatever else", disallowed("Odd", "why", 2), tooManyRequests, "The disruption budget b needs 2 healthy pods and has 2 currently", 0},
		{"for another reason", disallowed("Odd", "why", 3), tooManyRequests, "The disruption budget b does not allow evicting pods currently (Odd): why", 0},
		{"for no reason", disallowed("Odd", "", 3), tooManyRequests, "The disruption budget b does not allow evicting pods currently", 0},
		{"less than nothing", budget("b", -1, 2, 1), forbidden + "pdb disruptions allowed is negative",
			"The disruption budget b does not allow evicting pods currently: pdb disruptions allowed is negative", 0},
		{"too many under way", crowded, forbidden + "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
			"The disruption budget b does not allow evicting pods currently: too many pending evictions not confirmed by PDB controller", 0},
	} {
		allowed := c.budget.Status.DisruptionsAllowed
		err := spend(c.budget, pod(true), metav1.Now())
		if c.refused == "" {
			if _, ok := c.budget.Status.DisruptedPods["p"]; err != nil || !ok || c.budget.Status.DisruptionsAllowed != allowed-1 {
				t.Errorf("%s: %v, %+v", c.what, err, c.budget.Status)
			}
			continue
		}
		status, ok := err.(*apierrors.StatusError)
		if !ok {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		d := status.ErrStatus.Details
		if err.Error() != c.refused || len(d.Causes) != 1 || d.Causes[0].Type != policyv1.DisruptionBudgetCause || d.Causes[0].Message != c.cause || d.RetryAfterSeconds != c.after {
			t.Errorf("%s: %v: %+v", c.what, err, d)
		}
		if c.budget.Status.DisruptionsAllowed != allowed {
			t.Errorf("%s: counted", c.what)
		}
	}
}

func TestTheLastDisruptionIsTold(t *testing.T) {
	for allowed, want := range map[int32]int{1: 1, 2: 0} {
		b := budget("b", allowed, 2, 1)
		if err := spend(b, pod(true), metav1.Now()); err != nil || len(b.Status.Conditions) != want {
			t.Errorf("after the last of %d: %v, %v", allowed, b.Status.Conditions, err)
		} else if want == 1 && b.Status.Conditions[0].Reason != policyv1.InsufficientPodsReason {
			t.Errorf("%+v", b.Status.Conditions)
		}
	}
}

func TestUnreadyPods(t *testing.T) {
	always, healthy := budget("b", 0, 0, 1), budget("b", 0, 0, 1)
	always.Spec.UnhealthyPodEvictionPolicy = ptr.To(policyv1.AlwaysAllow)
	healthy.Spec.UnhealthyPodEvictionPolicy = ptr.To(policyv1.IfHealthyBudget)
	for _, c := range []struct {
		what   string
		budget *policyv1.PodDisruptionBudget
		ready  bool
		want   bool
	}{
		{"while enough are healthy", budget("b", 0, 2, 2), false, true},
		{"while too few are", budget("b", 0, 1, 2), false, false},
		{"where none need be", budget("b", 0, 0, 0), false, false},
		{"of a budget that spares them all", always, false, true},
		{"of one that says the default", healthy, false, false},
		{"a ready one", always, true, false},
	} {
		if got := spared(c.budget, pod(c.ready)); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

func TestPodsUnderTwoBudgetsStay(t *testing.T) {
	reader := testreader.New(budget("a", 1, 2, 1), budget("b", 1, 2, 1))
	_, err := budgetOf(t.Context(), reader, pod(true))
	status, ok := err.(*apierrors.StatusError)
	if !ok || status.ErrStatus.Code != 500 || status.ErrStatus.Reason != "" ||
		err.Error() != "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support." {
		t.Errorf("%#v", err)
	}
	if b, err := budgetOf(t.Context(), testreader.New(budget("a", 1, 2, 1)), pod(true)); err != nil || b == nil || b.Name != "a" {
		t.Errorf("its one budget: %v, %v", b, err)
	}
	other := pod(true)
	other.Labels = nil
	if b, err := budgetOf(t.Context(), reader, other); b != nil || err != nil {
		t.Errorf("a pod that none selects: %v, %v", b, err)
	}
}

func TestWhoServesNobody(t *testing.T) {
	leaving := pod(true)
	leaving.DeletionTimestamp = &metav1.Time{}
	phase := func(p corev1.PodPhase) *corev1.Pod {
		o := pod(true)
		o.Status.Phase = p
		return o
	}
	for what, c := range map[string]struct {
		pod          *corev1.Pod
		ignored, end bool
	}{
		"running": {pod(true), false, false}, "pending": {phase(corev1.PodPending), true, false},
		"succeeded": {phase(corev1.PodSucceeded), true, true}, "failed": {phase(corev1.PodFailed), true, true}, "leaving": {leaving, true, true},
	} {
		if ignoresBudget(c.pod) != c.ignored || ended(c.pod) != c.end {
			t.Errorf("%s: %v, %v", what, ignoresBudget(c.pod), ended(c.pod))
		}
	}
}

func TestDeleteOptions(t *testing.T) {
	all := []string{metav1.DryRunAll}
	for _, c := range []struct {
		call bool
		own  []string
		want []string
		err  string
	}{
		{false, nil, nil, ""}, {true, nil, all, ""}, {false, all, all, ""}, {true, all, all, ""},
		{true, []string{"Some"}, nil, "Non-matching dry-run options in request and content: [All] and [Some]"},
	} {
		e := &policyv1.Eviction{DeleteOptions: &metav1.DeleteOptions{DryRun: c.own}}
		if c.own == nil {
			e.DeleteOptions = nil
		}
		o, err := deleteOptions(&apiserver.Call{DryRun: c.call}, e)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%v, want %s", err, c.err)
			}
		} else if err != nil || strings.Join(o.DryRun, " ") != strings.Join(c.want, " ") {
			t.Errorf("%v, %v: %v, %v", c.call, c.own, o, err)
		}
	}
}

func TestAsItIs(t *testing.T) {
	p, none := pod(true), &metav1.DeleteOptions{}
	older := &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: ptr.To("3")}}
	for _, c := range []struct {
		o      *metav1.DeleteOptions
		wanted bool
		want   string
	}{{none, true, "7"}, {none, false, ""}, {older, true, "3"}} {
		if got := version(asItIs(c.o, p, c.wanted)); got != c.want {
			t.Errorf("%v, %v: %q", c.o, c.wanted, got)
		}
	}
	if none.Preconditions != nil {
		t.Error("the client's options were changed")
	}
}

func TestAsExpected(t *testing.T) {
	for _, c := range []struct {
		uid, version, want string
	}{
		{"", "", ""}, {"u", "7", ""},
		{"v", "", `Operation cannot be fulfilled on Pod "p": the UID in the precondition (v) does not match the UID in record (u). The object might have been deleted and then recreated`},
		{"", "6", `Operation cannot be fulfilled on Pod "p": the ResourceVersion in the precondition (6) does not match the ResourceVersion in record (7). The object might have been modified`},
	} {
		p := metav1.NewUIDPreconditions(c.uid)
		p.ResourceVersion = &c.version
		err := asExpected(pod(true), p)
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want || !apierrors.IsConflict(err)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := asExpected(pod(true), nil); err != nil {
		t.Error(err)
	}
}

func TestMarkDisrupted(t *testing.T) {
	p, early, late := pod(true), time.Unix(100, 0), time.Unix(200, 0)
	markDisrupted(p, early)
	markDisrupted(p, late)
	if n := len(p.Status.Conditions); n != 2 {
		t.Fatalf("%d conditions", n)
	}
	c := p.Status.Conditions[1]
	if c.Reason != "EvictionByEvictionAPI" || c.Message != "Eviction API: evicting" || !c.LastTransitionTime.Time.Equal(early) {
		t.Errorf("%+v", c)
	}
}
