package ttlafterfinished

import (
	"context"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	batchlisters "k8s.io/client-go/listers/batch/v1"

	"skiff/internal/reconcile"

	"skiff/internal/client"
)

const workers = 1

// Controller deletes Jobs.
type Controller struct {
	kube kubernetes.Interface
	jobs batchlisters.JobLister
	loop *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers) *Controller {
	jobs := factory.Jobs()
	c := &Controller{kube: kube, jobs: jobs.Lister()}
	c.loop = reconcile.New("ttl-after-finished", c.reconcile)
	reconcile.OnUpdate(jobs.Informer(), func(_, job *batchv1.Job, deleted bool) {
		if _, ok := left(job, time.Now()); ok && !deleted {
			c.loop.Add(reconcile.KeyOf(job))
		}
	})
	return c
}

// Run deletes until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

// left is how long a Job still has; ok is false for one that stays.
func left(job *batchv1.Job, now time.Time) (d time.Duration, ok bool) {
	if job.Spec.TTLSecondsAfterFinished == nil || job.DeletionTimestamp != nil {
		return 0, false
	}
	for _, c := range job.Status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue {
			end := c.LastTransitionTime.Add(time.Duration(*job.Spec.TTLSecondsAfterFinished) * time.Second)
			return max(end.Sub(now), 0), true
		}
	}
	return 0, false
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	job, err := c.jobs.Jobs(key.Namespace).Get(key.Name)
	if err != nil || c.early(job) {
		return reconcile.IgnoreNotFound(err)
	}
	// The user may have asked for more time, which the informer does not know yet.
	job, err = c.kube.BatchV1().Jobs(key.Namespace).Get(ctx, key.Name, metav1.GetOptions{})
	if err != nil || c.early(job) {
		return reconcile.IgnoreNotFound(err)
	}
	foreground := metav1.DeletePropagationForeground
	err = c.kube.BatchV1().Jobs(key.Namespace).Delete(ctx, key.Name, metav1.DeleteOptions{
		PropagationPolicy: &foreground,
		Preconditions:     &metav1.Preconditions{UID: &job.UID, ResourceVersion: &job.ResourceVersion},
	})
	if apierrors.IsConflict(err) { // it was changed: the change brings it back
		return nil
	}
	return reconcile.IgnoreNotFound(err)
}

// early says that it is not yet time, and makes sure to be back when it is.
func (c *Controller) early(job *batchv1.Job) bool {
	d, ok := left(job, time.Now())
	if ok && d > 0 {
		c.loop.AddAfter(reconcile.KeyOf(job), d)
	}
	return !ok || d > 0
}
