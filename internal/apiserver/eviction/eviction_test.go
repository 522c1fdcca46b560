package eviction

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/apiserver/testreader"
)

func pod(ready bool) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "p", Labels: map[string]string{"app": "x"}}}
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

func TestSpend(t *testing.T) {
	stale, always := budget("b", 1, 2, 1), budget("b", 0, 0, 1)
	stale.Generation = 2
	always.Spec.UnhealthyPodEvictionPolicy = ptr.To(policyv1.AlwaysAllow)
	for _, c := range []struct {
		what    string
		budget  *policyv1.PodDisruptionBudget
		ready   bool
		refused string
		left    int32
	}{
		{"within the budget", budget("b", 1, 2, 1), true, "", 0},
		{"beyond it", budget("b", 0, 1, 1), true, "needs 1 healthy pods and has 1 currently", 0},
		{"not seen by its controller", stale, true, "is still being processed by the server", 1},
		{"an unready pod while enough are healthy", budget("b", 0, 2, 2), false, "", 0},
		{"an unready pod while too few are", budget("b", 0, 1, 2), false, "needs 2 healthy pods", 0},
		{"an unready pod of a budget that spares none", always, false, "", 0},
	} {
		err := spend(c.budget, pod(c.ready), metav1.Now())
		if c.refused == "" && err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if c.refused != "" {
			status, ok := err.(*apierrors.StatusError)
			if !ok || !apierrors.IsTooManyRequests(err) || !strings.Contains(status.ErrStatus.Details.Causes[len(status.ErrStatus.Details.Causes)-1].Message, c.refused) {
				t.Errorf("%s: %v, want %q", c.what, err, c.refused)
			}
		}
		if c.budget.Status.DisruptionsAllowed != c.left {
			t.Errorf("%s: %d disruptions are left, want %d", c.what, c.budget.Status.DisruptionsAllowed, c.left)
		}
	}
}

func TestPodsUnderTwoBudgetsStay(t *testing.T) {
	reader := testreader.New(budget("a", 1, 2, 1), budget("b", 1, 2, 1))
	if _, err := budgetOf(t.Context(), reader, pod(true)); err == nil || !strings.Contains(err.Error(), "more than one PodDisruptionBudget") {
		t.Error(err)
	}
	other := pod(true)
	other.Labels = nil
	if b, err := budgetOf(t.Context(), reader, other); b != nil || err != nil {
		t.Errorf("a pod that none selects: %v, %v", b, err)
	}
}
