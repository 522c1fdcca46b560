package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/controllers/claim"
	"skiff/internal/controllers/podcontrol"
	"skiff/internal/reconcile"
)

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	job, err := c.jobs.Jobs(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || !c.writes.Seen(key, c.pods.LastStoreSyncResourceVersion()) ||
		!c.stored.Seen(key, c.jobIdx.LastStoreSyncResourceVersion()) {
		return err
	}
	if by := job.Spec.ManagedBy; by != nil && *by != batchv1.JobControllerName {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(job.Spec.Selector)
	if err != nil {
		return nil // validation refuses such a selector
	}
	owned, err := c.claim(ctx, job, selector)
	if err != nil {
		return err
	}
	do := decide(job, owned, reconcile.Going(&c.writes, key, owned), time.Now())
	return c.perform(ctx, job, do)
}

func (c *Controller) claim(ctx context.Context, job *batchv1.Job, selector labels.Selector) ([]*corev1.Pod, error) {
	return claim.Claimer[*corev1.Pod]{
		Owner: job, Ref: *metav1.NewControllerRef(job, kind),
		Live: func(ctx context.Context) (metav1.Object, error) {
			return c.kube.BatchV1().Jobs(job.Namespace).Get(ctx, job.Name, metav1.GetOptions{})
		},
		Patch: func(ctx context.Context, p *corev1.Pod, patch []byte) error {
			_, err := c.kube.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		},
	}.Claim(ctx, claim.Decide(job, selector, claim.Candidates[*corev1.Pod](c.pods, job)))
}

func (c *Controller) perform(ctx context.Context, job *batchv1.Job, do plan) error {
	if do.again > 0 {
		c.loop.AddAfter(reconcile.KeyOf(job), do.again)
	}
	err := errors.Join(
		podcontrol.SlowStart(len(do.create), func(i int) error { return c.control.Create(ctx, job, do.create[i]) }),
		podcontrol.InParallel(len(do.drop), func(i int) error { return c.drop(ctx, job, do.drop[i]) }),
		podcontrol.InParallel(len(do.kill), func(i int) error { return c.control.Delete(ctx, job, do.kill[i]) }),
	)
	if err != nil {
		do.status.Active, do.status.Terminating, do.status.Ready = job.Status.Active, job.Status.Terminating, job.Status.Ready
	}
	if failed := c.store(ctx, job, do); failed != nil {
		return errors.Join(err, failed)
	}
	return errors.Join(err, podcontrol.InParallel(len(do.release), func(i int) error { return c.release(ctx, do.release[i]) }))
}

// store writes the status. Nothing is decided from an older one afterwards:
// pods that are in its account may have lost their finalizer by then.
func (c *Controller) store(ctx context.Context, job *batchv1.Job, do plan) error {
	if apiequality.Semantic.DeepEqual(job.Status, do.status) {
		return nil
	}
	changed := job.DeepCopy()
	changed.Status = do.status
	made, err := c.kube.BatchV1().Jobs(job.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("status of Job %s/%s: %w", job.Namespace, job.Name, err)
	}
	c.stored.Created(reconcile.KeyOf(job), made.ResourceVersion)
	for _, e := range do.events {
		c.events.Event(job, e.kind, e.reason, e.message)
	}
	return nil
}

// drop deletes a pod that is not to be counted.
func (c *Controller) drop(ctx context.Context, job *batchv1.Job, p *corev1.Pod) error {
	if err := c.release(ctx, p); err != nil {
		return err
	}
	return c.control.Delete(ctx, job, p)
}

// release takes the finalizer off a pod; the UID in the patch makes it fail on
// another of the same name.
func (c *Controller) release(ctx context.Context, p *corev1.Pod) error {
	if !tracked(p) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": p.UID, "$deleteFromPrimitiveList/finalizers": []string{batchv1.JobTrackingFinalizer},
	}})
	if err != nil {
		return err
	}
	_, err = c.kube.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	return reconcile.IgnoreNotFound(err)
}

// free takes the finalizer off a pod whose Job is no more. The informers of
// pods and Jobs are not in step, so the API server has the last word.
func (c *Controller) free(ctx context.Context, key reconcile.Key) error {
	obj, there, err := c.pods.GetByKey(key.String())
	if err != nil || !there {
		return err
	}
	pod := obj.(*corev1.Pod)
	if !tracked(pod) || !c.strayed(pod) {
		return nil
	}
	if owner, ok := reconcile.ControllerOf(pod, kind.Kind); ok {
		job, err := c.kube.BatchV1().Jobs(owner.Namespace).Get(ctx, owner.Name, metav1.GetOptions{})
		if err == nil && metav1.IsControlledBy(pod, job) {
			return nil
		}
		if err = reconcile.IgnoreNotFound(err); err != nil {
			return err
		}
	}
	return c.release(ctx, pod)
}
