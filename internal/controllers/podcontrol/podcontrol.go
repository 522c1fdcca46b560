// Package podcontrol makes and deletes the pods of a controller object: it
// notes each write, so that the controller does not decide on an informer that
// has not seen it, and tells of it in an Event of the object. It decides
// nothing.
package podcontrol

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"

	"skiff/internal/reconcile"
)

// Owner is a controller object.
type Owner interface {
	metav1.Object
	runtime.Object
}

// Control makes and deletes pods.
type Control struct {
	Kube   kubernetes.Interface
	Events record.EventRecorder
	Writes *reconcile.Writes[reconcile.Key]
}

// Create makes a pod of owner. In a namespace that is being deleted it makes
// none and says nothing: owner goes too.
func (c Control) Create(ctx context.Context, owner Owner, pod *corev1.Pod) error {
	made, err := c.Kube.CoreV1().Pods(owner.GetNamespace()).Create(ctx, pod, metav1.CreateOptions{})
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	if err != nil {
		c.Events.Eventf(owner, corev1.EventTypeWarning, "FailedCreate", "Error creating: %v", err)
		return err
	}
	c.Writes.Created(reconcile.KeyOf(owner), made.ResourceVersion)
	c.Events.Eventf(owner, corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: %v", made.Name)
	return nil
}

// Delete asks a pod of owner to go; it is no error that it has gone already.
func (c Control) Delete(ctx context.Context, owner Owner, pod *corev1.Pod) error {
	key := reconcile.KeyOf(owner)
	err := c.Kube.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	switch {
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err): // gone, or another of that name
		c.Writes.Deleted(key, pod.UID)
		return nil
	case err != nil:
		c.Events.Eventf(owner, corev1.EventTypeWarning, "FailedDelete", "Error deleting: %v", err)
		return err
	}
	c.Writes.Deleted(key, pod.UID)
	c.Events.Eventf(owner, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: %v", pod.Name)
	return nil
}

// InParallel calls f with 0 to n-1 at the same time and returns the first error.
func InParallel(n int, f func(int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// SlowStart calls f with 0 to n-1 in parallel batches of 1, 2, 4, ... and ends
// with the first batch that fails, so that a quota or an admission that refuses
// one is asked once, not n times.
func SlowStart(n int, f func(int) error) error {
	for first, size := 0, 1; first < n; size *= 2 {
		size = min(size, n-first)
		if err := InParallel(size, func(i int) error { return f(first + i) }); err != nil {
			return err
		}
		first += size
	}
	return nil
}
