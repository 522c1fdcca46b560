package replicaset

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/claim"
	"skiff/internal/controllers/podcontrol"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

var kind = appsv1.SchemeGroupVersion.WithKind("ReplicaSet")

// Workers is how many ReplicaSets are reconciled at the same time.
const workers = 5

// Controller reconciles ReplicaSets, or what a Source tells as such.
type Controller struct {
	kube    kubernetes.Interface
	source  Source
	control podcontrol.Control
	sets    cache.Indexer
	pods    cache.Indexer
	writes  reconcile.Writes[reconcile.Key]
	loop    *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*Controller, error) {
	return NewOf(replicaSets(kube, factory), kube, factory, events)
}

// NewOf makes the controller of another kind that works as ReplicaSets do.
func NewOf(source Source, kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*Controller, error) {
	podInformer := factory.Pods().Informer()
	c := &Controller{kube: kube, source: source, sets: source.Informer.GetIndexer(), pods: podInformer.GetIndexer()}
	c.control = podcontrol.Control{Kube: kube, Events: events, Writes: &c.writes}
	if err := errors.Join(claim.AddIndex(source.Informer), claim.AddIndex(podInformer)); err != nil {
		return nil, err
	}
	c.loop = reconcile.New(source.Name, c.reconcile)
	reconcile.OnUpdate(source.Informer, func(_, o metav1.Object, deleted bool) {
		if deleted {
			c.writes.Forget(reconcile.KeyOf(o))
		}
		c.loop.Add(reconcile.KeyOf(o))
	})
	reconcile.OnUpdate(podInformer, c.podChanged)
	return c, nil
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

// podChanged wakes the ReplicaSets that the pod belongs to, belonged to, or
// may be adopted by.
func (c *Controller) podChanged(old, pod *corev1.Pod, deleted bool) {
	key, owned := reconcile.ControllerOf(pod, c.source.Kind.Kind)
	if owned {
		c.loop.Add(key)
	}
	if old != nil {
		if before, ok := reconcile.ControllerOf(old, c.source.Kind.Kind); ok && before != key {
			c.loop.Add(before)
		}
	}
	if !deleted && metav1.GetControllerOfNoCopy(pod) == nil {
		c.wakeAdopters(pod)
	}
}

func (c *Controller) wakeAdopters(pod *corev1.Pod) {
	all, _ := c.sets.ByIndex(cache.NamespaceIndex, pod.Namespace) // a cache does not fail
	for _, o := range all {
		rs := c.source.View(o)
		selector, err := metav1.LabelSelectorAsSelector(rs.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels)) {
			c.loop.Add(reconcile.KeyOf(rs))
		}
	}
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	obj, there, err := c.sets.GetByKey(key.String())
	if err != nil || !there || !c.writes.Seen(key, c.pods.LastStoreSyncResourceVersion()) {
		return err
	}
	rs := c.source.View(obj)
	selector, err := metav1.LabelSelectorAsSelector(rs.Spec.Selector)
	if err != nil {
		return nil // validation refuses such a selector; nothing can be done about it here
	}
	owned, err := c.claim(ctx, rs, selector)
	if err != nil {
		return err
	}
	live := active(owned, reconcile.Going(&c.writes, key, owned))
	do := decide(rs, live, c.crowd(rs, len(live)), time.Now())
	failed := c.perform(ctx, rs, do)
	return errors.Join(failed, c.updateStatus(ctx, rs, owned, live, why(do, failed)))
}

func (c *Controller) claim(ctx context.Context, rs *appsv1.ReplicaSet, selector labels.Selector) ([]*corev1.Pod, error) {
	candidates := claim.Candidates[*corev1.Pod](c.pods, rs)
	return claim.Claimer[*corev1.Pod]{
		Owner: rs, Ref: *metav1.NewControllerRef(rs, c.source.Kind),
		Live: func(ctx context.Context) (metav1.Object, error) { return c.source.Live(ctx, rs.Namespace, rs.Name) },
		Patch: func(ctx context.Context, p *corev1.Pod, patch []byte) error {
			_, err := c.kube.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		},
	}.Claim(ctx, claim.Decide(rs, selector, candidates))
}

// crowd counts, by node, the pods of all ReplicaSets with rs's own controller:
// deleting from a node where the old and the new version are both spreads what
// is left. It is needed only when there are too many pods.
func (c *Controller) crowd(rs *appsv1.ReplicaSet, have int) map[string]int {
	if have <= int(replicas(rs)) || replicas(rs) == 0 {
		return nil
	}
	siblings := []metav1.Object{rs}
	if ref := metav1.GetControllerOfNoCopy(rs); ref != nil {
		siblings = claim.Owned[metav1.Object](c.sets, ref.UID)
	}
	var related []*corev1.Pod
	for _, s := range siblings {
		related = append(related, claim.Owned[*corev1.Pod](c.pods, s.GetUID())...)
	}
	return crowd(related)
}

func why(do plan, err error) *failure {
	switch {
	case err == nil:
		return nil
	case do.create > 0:
		return &failure{"FailedCreate", err.Error()}
	}
	return &failure{"FailedDelete", err.Error()}
}

func (c *Controller) perform(ctx context.Context, rs *appsv1.ReplicaSet, do plan) error {
	pod := newPod(rs, c.source.Kind)
	if err := podcontrol.SlowStart(do.create, func(int) error { return c.control.Create(ctx, rs, pod.DeepCopy()) }); err != nil {
		return err
	}
	return podcontrol.InParallel(len(do.remove), func(i int) error { return c.control.Delete(ctx, rs, do.remove[i]) })
}

func (c *Controller) updateStatus(ctx context.Context, rs *appsv1.ReplicaSet, owned, live []*corev1.Pod, f *failure) error {
	next, recheck := status(rs, owned, live, f, time.Now())
	if c.source.NoTerminating {
		next.TerminatingReplicas = nil
	}
	if recheck > 0 {
		c.loop.AddAfter(reconcile.KeyOf(rs), recheck)
	}
	if apiequality.Semantic.DeepEqual(rs.Status, next) {
		return nil
	}
	changed := rs.DeepCopy()
	changed.Status = next
	if err := reconcile.IgnoreNotFound(c.source.Store(ctx, changed)); err != nil {
		return fmt.Errorf("status of %s %s/%s: %w", c.source.Kind.Kind, rs.Namespace, rs.Name, err)
	}
	return nil
}
