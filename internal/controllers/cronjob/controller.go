package cronjob

import (
	"context"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // zones must be known on machines that have no list of them

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	batchlisters "k8s.io/client-go/listers/batch/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/claim"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

var kind = batchv1.SchemeGroupVersion.WithKind("CronJob")

const workers = 5

// Controller reconciles CronJobs.
type Controller struct {
	kube     kubernetes.Interface
	events   record.EventRecorder
	cronJobs batchlisters.CronJobLister
	jobs     cache.Indexer
	writes   reconcile.Writes[reconcile.Key]
	loop     *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*Controller, error) {
	cronJobs, jobs := factory.CronJobs(), factory.Jobs().Informer()
	c := &Controller{kube: kube, events: events, cronJobs: cronJobs.Lister(), jobs: jobs.GetIndexer()}
	if err := claim.AddIndex(jobs); err != nil {
		return nil, err
	}
	c.loop = reconcile.New("cronjob", c.reconcile)
	reconcile.OnUpdate(cronJobs.Informer(), func(_, cj *batchv1.CronJob, deleted bool) {
		if deleted {
			c.writes.Forget(reconcile.KeyOf(cj))
		}
		c.loop.Add(reconcile.KeyOf(cj))
	})
	reconcile.OnChange(jobs, func(j *batchv1.Job) {
		if key, ok := reconcile.ControllerOf(j, kind.Kind); ok {
			c.loop.Add(key)
		}
	})
	return c, nil
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	cj, err := c.cronJobs.CronJobs(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || !c.writes.Seen(key, c.jobs.LastStoreSyncResourceVersion()) {
		return err
	}
	return c.perform(ctx, cj, decide(cj, claim.Owned[*batchv1.Job](c.jobs, cj.UID), time.Now()))
}

func (c *Controller) perform(ctx context.Context, cj *batchv1.CronJob, do plan) error {
	if do.again > 0 {
		c.loop.AddAfter(reconcile.KeyOf(cj), do.again)
	}
	for _, e := range do.events {
		c.events.Event(cj, e.kind, e.reason, e.message)
	}
	for _, j := range append(do.replace, do.expired...) {
		if err := c.delete(ctx, cj, j); err != nil {
			return err
		}
	}
	var failed error
	if do.start != nil {
		made, err := c.create(ctx, cj, do.start)
		switch {
		case err != nil:
			failed, do.status.LastScheduleTime = err, cj.Status.LastScheduleTime
		case made != nil:
			do.status.Active = append(do.status.Active, reference(made))
		}
	}
	return errors.Join(failed, c.updateStatus(ctx, cj, do.status))
}

func (c *Controller) create(ctx context.Context, cj *batchv1.CronJob, j *batchv1.Job) (*batchv1.Job, error) {
	made, err := c.kube.BatchV1().Jobs(j.Namespace).Create(ctx, j, metav1.CreateOptions{})
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return nil, nil // nothing can be made there any more, and cj goes too
	case apierrors.IsAlreadyExists(err):
		return c.existing(ctx, cj, j)
	case err != nil:
		c.events.Eventf(cj, corev1.EventTypeWarning, "FailedCreate", "Error creating job: %v", err)
		return nil, err
	}
	c.writes.Created(reconcile.KeyOf(cj), made.ResourceVersion)
	c.events.Eventf(cj, corev1.EventTypeNormal, "SuccessfulCreate", "Created job %v", made.Name)
	return made, nil
}

// existing settles that there is a Job of the name: one that was made before
// the status could be stored counts as made, and is listed once it is seen.
func (c *Controller) existing(ctx context.Context, cj *batchv1.CronJob, j *batchv1.Job) (*batchv1.Job, error) {
	there, err := c.kube.BatchV1().Jobs(j.Namespace).Get(ctx, j.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if !metav1.IsControlledBy(there, cj) {
		c.events.Eventf(cj, corev1.EventTypeWarning, "FailedCreate", "Error creating job: %s/%s already exists and is not of this CronJob", j.Namespace, j.Name)
	}
	return nil, nil
}

func (c *Controller) delete(ctx context.Context, cj *batchv1.CronJob, j *batchv1.Job) error {
	background := metav1.DeletePropagationBackground
	err := c.kube.BatchV1().Jobs(j.Namespace).Delete(ctx, j.Name, metav1.DeleteOptions{
		PropagationPolicy: &background, Preconditions: &metav1.Preconditions{UID: &j.UID},
	})
	switch {
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err): // gone, or another of that name
		return nil
	case err != nil:
		c.events.Eventf(cj, corev1.EventTypeWarning, "FailedDelete", "Deleted job: %v", err)
		return err
	}
	c.events.Eventf(cj, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted job %v", j.Name)
	return nil
}

func (c *Controller) updateStatus(ctx context.Context, cj *batchv1.CronJob, next batchv1.CronJobStatus) error {
	if apiequality.Semantic.DeepEqual(unversioned(cj.Status), unversioned(next)) {
		return nil
	}
	changed := cj.DeepCopy()
	changed.Status = next
	_, err := c.kube.BatchV1().CronJobs(cj.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("status of CronJob %s/%s: %w", cj.Namespace, cj.Name, err)
	}
	return nil
}

// unversioned is a status whose references do not change with every step of a
// Job.
func unversioned(s batchv1.CronJobStatus) batchv1.CronJobStatus {
	s = *s.DeepCopy()
	for i := range s.Active {
		s.Active[i].ResourceVersion = ""
	}
	return s
}
