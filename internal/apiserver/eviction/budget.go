package eviction

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/apps/poddisruptionbudget"

	"skiff/internal/api"
	"skiff/internal/api/policy"
)

// budgetOf finds the budget that a pod is under, or nil.
func budgetOf(ctx context.Context, reader api.Reader, pod *corev1.Pod) (*policyv1.PodDisruptionBudget, error) {
	list, err := reader.List(ctx, policy.PodDisruptionBudget, pod.Namespace)
	if err != nil {
		return nil, err
	}
	var found *policyv1.PodDisruptionBudget
	for _, obj := range list {
		b, ok := obj.(*policyv1.PodDisruptionBudget)
		if !ok {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || !selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if found != nil {
			return nil, failure("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
		}
		found = b
	}
	return found, nil
}

// spared says whether a pod that is not ready may go uncounted.
func spared(b *policyv1.PodDisruptionBudget, pod *corev1.Pod) bool {
	if ready(pod) {
		return false
	}
	if p := b.Spec.UnhealthyPodEvictionPolicy; p != nil && *p == policyv1.AlwaysAllow {
		return true
	}
	return b.Status.DesiredHealthy > 0 && b.Status.CurrentHealthy >= b.Status.DesiredHealthy
}

func ready(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// maxDisrupted is how many evicted pods a budget may have in mind.
const maxDisrupted = 2000

// spend takes one disruption from a budget, or says why there is none.
func spend(b *policyv1.PodDisruptionBudget, pod *corev1.Pod, now metav1.Time) error {
	s := &b.Status
	switch {
	case s.ObservedGeneration < b.Generation:
		return beingProcessed(b.Name)
	case s.DisruptionsAllowed < 0:
		return broken(b, "pdb disruptions allowed is negative", "pdb disruptions allowed is negative")
	case len(s.DisruptedPods) > maxDisrupted:
		return broken(b, "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
			"too many pending evictions not confirmed by PDB controller")
	case s.DisruptionsAllowed == 0:
		return tooMany(spent(b), 0)
	}
	s.DisruptionsAllowed--
	if s.DisruptionsAllowed == 0 {
		poddisruptionbudget.UpdateDisruptionAllowedCondition(b)
	}
	if s.DisruptedPods == nil {
		s.DisruptedPods = map[string]metav1.Time{}
	}
	// The budget's controller takes it out when it has seen the pod go.
	s.DisruptedPods[pod.Name] = now
	return nil
}

// notNow begins what is said of a budget that allows nothing.
func notNow(b *policyv1.PodDisruptionBudget) string {
	return fmt.Sprintf("The disruption budget %s does not allow evicting pods currently", b.Name)
}

// spent says why a budget allows nothing. Its counts mean nothing while its
// controller cannot count.
func spent(b *policyv1.PodDisruptionBudget) string {
	s := &b.Status
	c := meta.FindStatusCondition(s.Conditions, policyv1.DisruptionAllowedCondition)
	told := c != nil && c.Status == metav1.ConditionFalse && c.Message != ""
	switch {
	case told && c.Reason == policyv1.SyncFailedReason:
		return notNow(b) + " because it failed sync: " + c.Message
	case s.CurrentHealthy <= s.DesiredHealthy:
		return fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", b.Name, s.DesiredHealthy, s.CurrentHealthy)
	case told:
		return fmt.Sprintf("%s (%s): %s", notNow(b), c.Reason, c.Message)
	}
	return notNow(b)
}

func beingProcessed(name string) error {
	return tooMany(fmt.Sprintf("The disruption budget %s is still being processed by the server.", name), 10)
}

func tooMany(cause string, retryAfter int) error {
	return caused(apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfter), cause)
}

// broken refuses for good: the budget itself must be mended.
func broken(b *policyv1.PodDisruptionBudget, why, cause string) error {
	err := apierrors.NewForbidden(policyv1.Resource("poddisruptionbudget"), b.Name, fmt.Errorf("%s", why))
	return caused(err, notNow(b)+": "+cause)
}

// caused adds the cause by which clients tell that a budget is behind it.
func caused(err *apierrors.StatusError, cause string) error {
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Type: policyv1.DisruptionBudgetCause, Message: cause})
	return err
}
