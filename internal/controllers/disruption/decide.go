package disruption

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	budget "k8s.io/component-helpers/apps/poddisruptionbudget"

	"skiff/internal/controllers/pods"
)

// patience is for how long an eviction that was counted may take until its pod
// is gone, or on its way.
const patience = 2 * time.Minute

// demand is how many pods there should be, and how many must be healthy.
type demand struct{ expected, healthy int32 }

// demandOf works a budget out. scales are the sizes of the controllers of its
// pods: percentages, and maxUnavailable, are of those.
func demandOf(b *policyv1.PodDisruptionBudget, have int, scales int32) (demand, error) {
	switch most, least := b.Spec.MaxUnavailable, b.Spec.MinAvailable; {
	case most != nil:
		n, err := intstr.GetScaledValueFromIntOrPercent(most, int(scales), true)
		return demand{scales, max(scales-int32(n), 0)}, err
	case least != nil && least.Type == intstr.Int:
		return demand{int32(have), least.IntVal}, nil
	case least != nil:
		n, err := intstr.GetScaledValueFromIntOrPercent(least, int(scales), true)
		return demand{scales, int32(n)}, err
	}
	return demand{}, nil
}

// needsScales says whether the sizes of controllers matter to a budget.
func needsScales(b *policyv1.PodDisruptionBudget) bool {
	return b.Spec.MaxUnavailable != nil || b.Spec.MinAvailable != nil && b.Spec.MinAvailable.Type == intstr.String
}

// counted are those of the selected pods that are not done.
func counted(list []*corev1.Pod) (out []*corev1.Pod) {
	for _, p := range list {
		if !pods.Terminal(p) {
			out = append(out, p)
		}
	}
	return out
}

// status works out how many disruptions b allows. Pods whose eviction was
// counted are not healthy, even though they may look so for a while. again is
// when the first of them turns out not to have gone; 0: none can.
func status(b *policyv1.PodDisruptionBudget, list []*corev1.Pod, want demand, now time.Time) (s policyv1.PodDisruptionBudgetStatus, again time.Duration) {
	s = *b.Status.DeepCopy()
	s.DisruptedPods, again = disrupted(b, list, now)
	healthy := int32(0)
	for _, p := range list {
		if _, going := s.DisruptedPods[p.Name]; !going && p.DeletionTimestamp == nil && pods.Ready(p) {
			healthy++
		}
	}
	s.CurrentHealthy, s.DesiredHealthy, s.ExpectedPods = healthy, want.healthy, want.expected
	s.DisruptionsAllowed = 0
	if want.expected > 0 {
		s.DisruptionsAllowed = max(healthy-want.healthy, 0)
	}
	s.ObservedGeneration = b.Generation
	changed := &policyv1.PodDisruptionBudget{Status: s}
	budget.UpdateDisruptionAllowedCondition(changed)
	return changed.Status, again
}

// disrupted are the pods whose eviction was counted and has not shown yet.
func disrupted(b *policyv1.PodDisruptionBudget, list []*corev1.Pod, now time.Time) (out map[string]metav1.Time, again time.Duration) {
	for _, p := range list {
		at, ok := b.Status.DisruptedPods[p.Name]
		left := at.Add(patience).Sub(now)
		if !ok || p.DeletionTimestamp != nil || left <= 0 {
			continue
		}
		if out == nil {
			out = map[string]metav1.Time{}
		}
		out[p.Name] = at
		if again == 0 || left < again {
			again = left
		}
	}
	return out, again
}

// failed is the status of a budget that cannot be worked out: it allows none.
func failed(b *policyv1.PodDisruptionBudget, why error, now time.Time) policyv1.PodDisruptionBudgetStatus {
	s := *b.Status.DeepCopy()
	s.DisruptionsAllowed, s.ObservedGeneration = 0, b.Generation
	s.Conditions = setCondition(s.Conditions, metav1.Condition{
		Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.SyncFailedReason,
		Message: why.Error(), ObservedGeneration: b.Generation, LastTransitionTime: metav1.NewTime(now),
	})
	return s
}
