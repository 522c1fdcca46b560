// Package eviction answers the creation of an Eviction: it deletes a pod if
// the pod's disruption budget allows it, and counts it there.
package eviction

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/policy"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authn"
	"skiff/internal/pki"
)

// Key is the subresource that the handler answers.
var Key = apiserver.SubresourceKey{Resource: "pods", Subresource: "eviction"}

// Evictor answers evictions. The zero value is ready for use with one server.
type Evictor struct {
	once sync.Once
	kube kubernetes.Interface
	err  error
}

// Create implements apiserver.CreateFunc.
func (e *Evictor) Create(ctx context.Context, c *apiserver.Call, body api.Object) (runtime.Object, error) {
	eviction, ok := body.(*policyv1.Eviction)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not an Eviction object: %T", body))
	}
	if eviction.Name != "" && eviction.Name != c.Name {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("name in URL does not match name in Eviction object: %s", eviction.Name))
	}
	obj, err := c.Server.Reader().Get(ctx, core.Pod, c.Namespace, c.Name)
	if err != nil {
		return nil, err
	}
	pod := obj.(*corev1.Pod)
	if !ignoresBudget(pod) {
		if err := e.spend(ctx, c, pod); err != nil {
			return nil, err
		}
	}
	if err := e.remove(ctx, c, pod, eviction.DeleteOptions); err != nil {
		return nil, err
	}
	return &metav1.Status{Status: metav1.StatusSuccess, Code: http.StatusCreated}, nil
}

// ignoresBudget is true of pods that serve nobody.
func ignoresBudget(pod *corev1.Pod) bool {
	switch pod.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed, corev1.PodPending:
		return true
	}
	return pod.DeletionTimestamp != nil
}

// spend counts the eviction in the pod's budget, or refuses it.
func (e *Evictor) spend(ctx context.Context, c *apiserver.Call, pod *corev1.Pod) error {
	budget, err := budgetOf(ctx, c.Server.Reader(), pod)
	if err != nil || budget == nil {
		return err
	}
	now := metav1.Now()
	_, err = c.Server.Mutate(ctx, policy.PodDisruptionBudget, budget.Namespace, budget.Name, c.DryRun, func(o api.Object) error {
		return spend(o.(*policyv1.PodDisruptionBudget), pod, now)
	})
	if apierrors.IsConflict(err) {
		return tooMany("the budget is being changed by others", 1)
	}
	return err
}

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
			return nil, &apierrors.StatusError{ErrStatus: metav1.Status{
				Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Reason: metav1.StatusReasonInternalError,
				Message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
			}}
		}
		found = b
	}
	return found, nil
}

// maxDisrupted is how many evicted pods a budget may have in mind.
const maxDisrupted = 2000

// spend takes one disruption from a budget.
func spend(b *policyv1.PodDisruptionBudget, pod *corev1.Pod, now metav1.Time) error {
	s := &b.Status
	if !ready(pod) && sparesUnready(b) {
		return nil
	}
	switch {
	case s.ObservedGeneration < b.Generation:
		return tooMany(fmt.Sprintf("The disruption budget %s is still being processed by the server.", b.Name), 10)
	case s.DisruptionsAllowed < 0:
		return apierrors.NewForbidden(policyv1.Resource("poddisruptionbudget"), b.Name, fmt.Errorf("pdb disruptions allowed is negative"))
	case len(s.DisruptedPods) > maxDisrupted:
		return apierrors.NewForbidden(policyv1.Resource("poddisruptionbudget"), b.Name, fmt.Errorf("DisruptedPods map too big - too many evictions not confirmed by PDB controller"))
	case s.DisruptionsAllowed == 0:
		return tooMany(fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", b.Name, s.DesiredHealthy, s.CurrentHealthy), 0)
	}
	s.DisruptionsAllowed--
	if s.DisruptedPods == nil {
		s.DisruptedPods = map[string]metav1.Time{}
	}
	// The budget's controller takes it out when it has seen the pod go.
	s.DisruptedPods[pod.Name] = now
	return nil
}

// sparesUnready says whether a pod that is not ready may go uncounted.
func sparesUnready(b *policyv1.PodDisruptionBudget) bool {
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

func tooMany(cause string, retryAfter int) error {
	err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfter)
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Type: policyv1.DisruptionBudgetCause, Message: cause})
	return err
}

// remove marks the pod as disrupted and deletes it, as the system: who may
// evict need not be one who may delete.
func (e *Evictor) remove(ctx context.Context, c *apiserver.Call, pod *corev1.Pod, o *metav1.DeleteOptions) error {
	e.once.Do(func() {
		e.kube, e.err = kubernetes.NewForConfig(c.Server.Client(authn.NewUser("system:apiserver", pki.MastersGroup)))
	})
	if e.err != nil {
		return e.err
	}
	if _, err := c.Server.Mutate(ctx, core.Pod, pod.Namespace, pod.Name, c.DryRun, func(obj api.Object) error {
		markDisrupted(obj.(*corev1.Pod), time.Now())
		return nil
	}); err != nil {
		return err
	}
	options := metav1.DeleteOptions{}
	if o != nil {
		options = *o.DeepCopy()
	}
	// The version that the caller knows is one behind the mark.
	if p := options.Preconditions; p != nil && p.ResourceVersion != nil && *p.ResourceVersion == pod.ResourceVersion {
		p.ResourceVersion = nil
	}
	if options.Preconditions == nil {
		options.Preconditions = metav1.NewUIDPreconditions(string(pod.UID))
	}
	if c.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return e.kube.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, options)
}

func markDisrupted(pod *corev1.Pod, now time.Time) {
	condition := corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue,
		Reason: "EvictionByEvictionAPI", Message: "Eviction API: evicting", LastTransitionTime: metav1.NewTime(now),
	}
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == condition.Type {
			pod.Status.Conditions[i] = condition
			return
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, condition)
}
