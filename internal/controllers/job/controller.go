package job

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	batchlisters "k8s.io/client-go/listers/batch/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"golang.org/x/sync/errgroup"

	"skiff/internal/controllers/claim"
	"skiff/internal/controllers/podcontrol"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

var kind = batchv1.SchemeGroupVersion.WithKind("Job")

const workers = 5

// Controller reconciles Jobs.
type Controller struct {
	kube    kubernetes.Interface
	events  record.EventRecorder
	control podcontrol.Control
	jobs    batchlisters.JobLister
	jobIdx  cache.Indexer
	pods    cache.Indexer
	writes  reconcile.Writes[reconcile.Key] // of pods
	stored  reconcile.Writes[reconcile.Key] // of the Job itself
	loop    *reconcile.Loop[reconcile.Key]
	// strays are pods with the finalizer that no Job counts any more.
	strays *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*Controller, error) {
	jobs, pods := factory.Jobs(), factory.Pods().Informer()
	c := &Controller{
		kube: kube, events: events,
		jobs: jobs.Lister(), jobIdx: jobs.Informer().GetIndexer(), pods: pods.GetIndexer(),
	}
	c.control = podcontrol.Control{Kube: kube, Events: events, Writes: &c.writes}
	if err := claim.AddIndex(pods); err != nil {
		return nil, err
	}
	c.loop, c.strays = reconcile.New("job", c.reconcile), reconcile.New("job-strays", c.free)
	reconcile.OnUpdate(jobs.Informer(), c.jobChanged)
	reconcile.OnUpdate(pods, c.podChanged)
	return c, nil
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.loop.Run(ctx, workers) })
	g.Go(func() error { return c.strays.Run(ctx, 1) })
	return g.Wait()
}

func (c *Controller) jobChanged(_, job *batchv1.Job, deleted bool) {
	key := reconcile.KeyOf(job)
	c.loop.Add(key)
	if !deleted {
		return
	}
	c.writes.Forget(key)
	c.stored.Forget(key)
	for _, p := range claim.Owned[*corev1.Pod](c.pods, job.UID) {
		c.strays.Add(reconcile.KeyOf(p))
	}
}

// podChanged wakes the Job that the pod belongs to, belonged to, or may be
// adopted by.
func (c *Controller) podChanged(old, pod *corev1.Pod, deleted bool) {
	key, owned := reconcile.ControllerOf(pod, kind.Kind)
	if owned {
		c.loop.Add(key)
	}
	if old != nil {
		if before, ok := reconcile.ControllerOf(old, kind.Kind); ok && before != key {
			c.loop.Add(before)
		}
	}
	if deleted {
		return
	}
	if tracked(pod) && c.strayed(pod) {
		c.strays.Add(reconcile.KeyOf(pod))
	}
	if metav1.GetControllerOfNoCopy(pod) == nil && len(pod.Labels) > 0 {
		c.wakeAdopters(pod)
	}
}

func (c *Controller) wakeAdopters(pod *corev1.Pod) {
	jobs, _ := c.jobs.Jobs(pod.Namespace).List(labels.Everything()) // a cache does not fail
	for _, job := range jobs {
		selector, err := metav1.LabelSelectorAsSelector(job.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels)) {
			c.loop.Add(reconcile.KeyOf(job))
		}
	}
}

// strayed says whether no Job that the informer knows controls the pod.
func (c *Controller) strayed(pod *corev1.Pod) bool {
	key, ok := reconcile.ControllerOf(pod, kind.Kind)
	if !ok {
		return true
	}
	job, err := c.jobs.Jobs(key.Namespace).Get(key.Name)
	return err != nil || !metav1.IsControlledBy(pod, job)
}
