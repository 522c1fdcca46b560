// Package eviction answers the creation of an Eviction: it deletes a pod if
// the pod's disruption budget allows it, and counts it there.
package eviction

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/policy"
	"skiff/internal/apiserver"
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
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Eviction object: %T", body))
	}
	if eviction.Name != c.Name {
		return nil, apierrors.NewBadRequest("name in URL does not match name in Eviction object")
	}
	options, err := deleteOptions(c, eviction)
	if err != nil {
		return nil, err
	}
	if err := e.evict(ctx, c, options); err != nil {
		return nil, err
	}
	return &metav1.Status{Status: metav1.StatusSuccess, Code: http.StatusCreated}, nil
}

// deleteOptions are those of the eviction. A dry run may be asked for there,
// or of the request.
func deleteOptions(c *apiserver.Call, eviction *policyv1.Eviction) (*metav1.DeleteOptions, error) {
	o := &metav1.DeleteOptions{}
	if eviction.DeleteOptions != nil {
		o = eviction.DeleteOptions.DeepCopy()
	}
	var asked []string
	if c.DryRun {
		asked = []string{metav1.DryRunAll}
	}
	switch {
	case len(o.DryRun) == 0:
		o.DryRun = asked
	case len(asked) > 0 && !slices.Equal(asked, o.DryRun):
		return nil, failure(fmt.Sprintf("Non-matching dry-run options in request and content: %v and %v", asked, o.DryRun))
	}
	return o, nil
}

// failure is an error of no kind, as clients know some of this handler's.
func failure(message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: message,
	}}
}

// maxTries is how often an eviction starts over because its pod changed.
const maxTries = 20

// evict deletes the pod if it may go. Who goes uncounted must be as it was
// when that was decided; should it have changed, it is looked at again.
func (e *Evictor) evict(ctx context.Context, c *apiserver.Call, o *metav1.DeleteOptions) error {
	for try := 1; ; try++ {
		obj, err := c.Server.Reader().Get(ctx, core.Pod, c.Namespace, c.Name)
		if err != nil {
			return err
		}
		pod := obj.(*corev1.Pod)
		if !ignoresBudget(pod) {
			return e.evictCounted(ctx, c, pod, o)
		}
		err = e.remove(ctx, c, pod, asItIs(o, pod, !ended(pod)))
		if !apierrors.IsConflict(err) || version(o) != "" || try == maxTries {
			return err
		}
	}
}

// evictCounted evicts a pod that serves somebody.
func (e *Evictor) evictCounted(ctx context.Context, c *apiserver.Call, pod *corev1.Pod, o *metav1.DeleteOptions) error {
	budget, err := budgetOf(ctx, c.Server.Reader(), pod)
	switch {
	case err != nil:
		return err
	case budget == nil:
		return e.remove(ctx, c, pod, o)
	case spared(budget, pod):
		err := e.remove(ctx, c, pod, asItIs(o, pod, true))
		if apierrors.IsConflict(err) && version(o) == "" {
			return beingProcessed(budget.Name)
		}
		return err
	}
	now := metav1.Now()
	if _, err = c.Server.Mutate(ctx, policy.PodDisruptionBudget, budget.Namespace, budget.Name, len(o.DryRun) > 0, func(o api.Object) error {
		return spend(o.(*policyv1.PodDisruptionBudget), pod, now)
	}); err != nil {
		return err
	}
	return e.remove(ctx, c, pod, o)
}

// ignoresBudget is true of pods that serve nobody.
func ignoresBudget(pod *corev1.Pod) bool { return ended(pod) || pod.Status.Phase == corev1.PodPending }

// ended is true of pods that will serve nobody again.
func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed || pod.DeletionTimestamp != nil
}

// asItIs are the options for deleting the pod in that version alone, unless
// the client named one.
func asItIs(o *metav1.DeleteOptions, pod *corev1.Pod, wanted bool) *metav1.DeleteOptions {
	if !wanted || version(o) != "" {
		return o
	}
	o = o.DeepCopy()
	if o.Preconditions == nil {
		o.Preconditions = &metav1.Preconditions{}
	}
	o.Preconditions.ResourceVersion = &pod.ResourceVersion
	return o
}

// version is the version that the pod must have, or nothing.
func version(o *metav1.DeleteOptions) string {
	if o.Preconditions == nil || o.Preconditions.ResourceVersion == nil {
		return ""
	}
	return *o.Preconditions.ResourceVersion
}
