// Package deployment rolls Deployments out: it makes a ReplicaSet for every
// template, moves pods from the old ones to the new one within the limits of
// the strategy, and reports how far it is.
//
// It reads Deployments, ReplicaSets and (for the Recreate strategy) Pods; it
// owns the ReplicaSets' existence, size and annotations, and the Deployments'
// status and revision annotation. template.go, annotations.go, rolling.go and
// status.go decide; controller.go and rollout.go act.
package deployment

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/claim"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

var kind = appsv1.SchemeGroupVersion.WithKind("Deployment")

const workers = 5

// Controller reconciles Deployments.
type Controller struct {
	kube        kubernetes.Interface
	events      record.EventRecorder
	deployments appslisters.DeploymentLister
	sets        appslisters.ReplicaSetLister
	setIdx      cache.Indexer
	pods        cache.Indexer
	writes      reconcile.Writes[reconcile.Key]
	loop        *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*Controller, error) {
	deployments, sets := factory.Deployments(), factory.ReplicaSets()
	pods := factory.Pods().Informer()
	c := &Controller{
		kube: kube, events: events,
		deployments: deployments.Lister(), sets: sets.Lister(),
		setIdx: sets.Informer().GetIndexer(), pods: pods.GetIndexer(),
	}
	if err := errors.Join(claim.AddIndex(sets.Informer()), claim.AddIndex(pods)); err != nil {
		return nil, err
	}
	c.loop = reconcile.New("deployment", c.reconcile)
	reconcile.OnUpdate(deployments.Informer(), func(_, d *appsv1.Deployment, deleted bool) {
		if deleted {
			c.writes.Forget(reconcile.KeyOf(d))
		}
		c.loop.Add(reconcile.KeyOf(d))
	})
	reconcile.OnUpdate(sets.Informer(), c.setChanged)
	reconcile.OnUpdate(pods, c.podChanged)
	return c, nil
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

func (c *Controller) setChanged(old, rs *appsv1.ReplicaSet, deleted bool) {
	key, owned := reconcile.ControllerOf(rs, kind.Kind)
	if owned {
		c.loop.Add(key)
	}
	if old != nil {
		if before, ok := reconcile.ControllerOf(old, kind.Kind); ok && before != key {
			c.loop.Add(before)
		}
	}
	if !deleted && metav1.GetControllerOfNoCopy(rs) == nil {
		c.wakeAdopters(rs)
	}
}

// wakeAdopters wakes the Deployments that would take an orphan.
func (c *Controller) wakeAdopters(rs *appsv1.ReplicaSet) {
	all, _ := c.deployments.Deployments(rs.Namespace).List(labels.Everything()) // a cache does not fail
	for _, d := range all {
		selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(rs.Labels)) {
			c.loop.Add(reconcile.KeyOf(d))
		}
	}
}

// podChanged matters to the Recreate strategy only, which waits until the last
// pod of the old template has ended. All else is in the ReplicaSets' status.
func (c *Controller) podChanged(_, pod *corev1.Pod, deleted bool) {
	if !deleted && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded {
		return
	}
	set, ok := reconcile.ControllerOf(pod, "ReplicaSet")
	if !ok {
		return
	}
	rs, err := c.sets.ReplicaSets(set.Namespace).Get(set.Name)
	if err != nil {
		return
	}
	if key, ok := reconcile.ControllerOf(rs, kind.Kind); ok {
		if d, err := c.deployments.Deployments(key.Namespace).Get(key.Name); err == nil && !rolling(d) {
			c.loop.Add(key)
		}
	}
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	cached, err := c.deployments.Deployments(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || !c.writes.Seen(key, c.setIdx.LastStoreSyncResourceVersion()) {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(cached.Spec.Selector)
	if err != nil {
		return nil // validation refuses such a selector
	}
	if selector.Empty() {
		c.events.Event(cached, corev1.EventTypeWarning, "SelectingAll",
			"This deployment is selecting all pods. A non-empty selector is required.")
		return nil
	}
	d := cached.DeepCopy()
	sets, err := c.claim(ctx, d, selector)
	if err != nil {
		return err
	}
	return c.roll(ctx, d, sets)
}

func (c *Controller) claim(ctx context.Context, d *appsv1.Deployment, selector labels.Selector) ([]*appsv1.ReplicaSet, error) {
	candidates := claim.Candidates[*appsv1.ReplicaSet](c.setIdx, d)
	return claim.Claimer[*appsv1.ReplicaSet]{
		Owner: d, Ref: *metav1.NewControllerRef(d, kind),
		Live: func(ctx context.Context) (metav1.Object, error) {
			return c.kube.AppsV1().Deployments(d.Namespace).Get(ctx, d.Name, metav1.GetOptions{})
		},
		Patch: func(ctx context.Context, rs *appsv1.ReplicaSet, patch []byte) error {
			_, err := c.kube.AppsV1().ReplicaSets(rs.Namespace).Patch(ctx, rs.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		},
	}.Claim(ctx, claim.Decide(d, selector, candidates))
}
