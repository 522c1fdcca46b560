package replicaset

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/claim"
	"skiff/internal/reconcile"
)

var kind = appsv1.SchemeGroupVersion.WithKind("ReplicaSet")

// Workers is how many ReplicaSets are reconciled at the same time.
const workers = 5

// Controller reconciles ReplicaSets.
type Controller struct {
	kube   kubernetes.Interface
	events record.EventRecorder
	sets   appslisters.ReplicaSetLister
	setIdx cache.Indexer
	pods   cache.Indexer
	writes reconcile.Writes[reconcile.Key]
	loop   *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory informers.SharedInformerFactory, events record.EventRecorder) (*Controller, error) {
	sets, podInformer := factory.Apps().V1().ReplicaSets(), factory.Core().V1().Pods().Informer()
	c := &Controller{
		kube: kube, events: events,
		sets: sets.Lister(), setIdx: sets.Informer().GetIndexer(), pods: podInformer.GetIndexer(),
	}
	if err := errors.Join(claim.AddIndex(sets.Informer()), claim.AddIndex(podInformer)); err != nil {
		return nil, err
	}
	c.loop = reconcile.New("replicaset", c.reconcile)
	reconcile.OnUpdate(sets.Informer(), func(_, rs *appsv1.ReplicaSet, deleted bool) {
		if deleted {
			c.writes.Forget(reconcile.KeyOf(rs))
		}
		c.loop.Add(reconcile.KeyOf(rs))
	})
	reconcile.OnUpdate(podInformer, c.podChanged)
	return c, nil
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

// podChanged wakes the ReplicaSets that the pod belongs to, belonged to, or
// may be adopted by.
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
	if !deleted && metav1.GetControllerOfNoCopy(pod) == nil {
		sets, _ := c.sets.GetPodReplicaSets(pod) // an error says that none matches
		for _, rs := range sets {
			c.loop.Add(reconcile.KeyOf(rs))
		}
	}
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	rs, err := c.sets.ReplicaSets(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || !c.writes.Seen(key, c.pods.LastStoreSyncResourceVersion()) {
		return err
	}
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
		Owner: rs, Ref: *metav1.NewControllerRef(rs, kind),
		Live: func(ctx context.Context) (metav1.Object, error) {
			return c.kube.AppsV1().ReplicaSets(rs.Namespace).Get(ctx, rs.Name, metav1.GetOptions{})
		},
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
	siblings := []*appsv1.ReplicaSet{rs}
	if ref := metav1.GetControllerOfNoCopy(rs); ref != nil {
		siblings = claim.Owned[*appsv1.ReplicaSet](c.setIdx, ref.UID)
	}
	var related []*corev1.Pod
	for _, s := range siblings {
		related = append(related, claim.Owned[*corev1.Pod](c.pods, s.UID)...)
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
	for _, size := range batches(do.create) {
		if err := inParallel(size, func(int) error { return c.create(ctx, rs) }); err != nil {
			return err
		}
	}
	return inParallel(len(do.remove), func(i int) error { return c.remove(ctx, rs, do.remove[i]) })
}

// inParallel calls f with 0 to n-1 at the same time and returns the first error.
func inParallel(n int, f func(int) error) error {
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

func (c *Controller) create(ctx context.Context, rs *appsv1.ReplicaSet) error {
	pod, err := c.kube.CoreV1().Pods(rs.Namespace).Create(ctx, newPod(rs), metav1.CreateOptions{})
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil // nothing can be made there any more, and rs goes too
	}
	if err != nil {
		c.events.Eventf(rs, corev1.EventTypeWarning, "FailedCreate", "Error creating: %v", err)
		return err
	}
	c.writes.Created(reconcile.KeyOf(rs), pod.ResourceVersion)
	c.events.Eventf(rs, corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: %v", pod.Name)
	return nil
}

func (c *Controller) remove(ctx context.Context, rs *appsv1.ReplicaSet, pod *corev1.Pod) error {
	key := reconcile.KeyOf(rs)
	err := c.kube.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	switch {
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err): // gone, or another of that name
		c.writes.Deleted(key, pod.UID)
		return nil
	case err != nil:
		c.events.Eventf(rs, corev1.EventTypeWarning, "FailedDelete", "Error deleting: %v", err)
		return err
	}
	c.writes.Deleted(key, pod.UID)
	c.events.Eventf(rs, corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: %v", pod.Name)
	return nil
}

func (c *Controller) updateStatus(ctx context.Context, rs *appsv1.ReplicaSet, owned, live []*corev1.Pod, f *failure) error {
	next, recheck := status(rs, owned, live, f, time.Now())
	if recheck > 0 {
		c.loop.AddAfter(reconcile.KeyOf(rs), recheck)
	}
	if apiequality.Semantic.DeepEqual(rs.Status, next) {
		return nil
	}
	changed := rs.DeepCopy()
	changed.Status = next
	_, err := c.kube.AppsV1().ReplicaSets(rs.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("status of ReplicaSet %s/%s: %w", rs.Namespace, rs.Name, err)
	}
	return nil
}
