package daemonset

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/controllers/claim"
	"skiff/internal/controllers/history"
	"skiff/internal/controllers/podcontrol"
	"skiff/internal/reconcile"
)

const (
	// burst is how many pods one reconciliation makes or deletes at most.
	burst = 250
	// A pod that ends on a node is replaced after a while, longer each time.
	firstRetry = time.Second
	lastRetry  = 15 * time.Minute
)

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	ds, err := c.sets.DaemonSets(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || ds.DeletionTimestamp != nil || !c.writes.Seen(key, c.pods.LastStoreSyncResourceVersion()) {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(ds.Spec.Selector)
	if err != nil {
		return nil // validation refuses such a selector
	}
	if selector.Empty() {
		c.events.Event(ds, corev1.EventTypeWarning, "SelectingAll",
			"This daemon set is selecting all pods. A non-empty selector is required.")
		return nil
	}
	return c.sync(ctx, ds, selector)
}

func (c *Controller) sync(ctx context.Context, ds *appsv1.DaemonSet, selector labels.Selector) error {
	object := c.object(ds, selector)
	revisions, err := c.history.Claim(ctx, object)
	if err != nil {
		return err
	}
	current, collisions, err := c.history.Current(ctx, object, revisions)
	if err != nil {
		return fmt.Errorf("revision of DaemonSet %s/%s: %w", ds.Namespace, ds.Name, err)
	}
	owned, err := c.claim(ctx, ds, selector, object)
	if err != nil {
		return err
	}
	v, err := c.look(ds, current.Labels[hashLabel], owned)
	if err != nil {
		return err
	}
	do := v.place()
	if do.idle() {
		do = v.update()
	}
	return errors.Join(
		c.perform(ctx, v, do),
		c.history.Trim(ctx, revisions, used(current, owned, revisions), ds.Spec.RevisionHistoryLimit),
		c.updateStatus(ctx, v, collisions),
	)
}

func (c *Controller) object(ds *appsv1.DaemonSet, selector labels.Selector) history.Object {
	return history.Object{
		Owner: ds, Ref: *metav1.NewControllerRef(ds, kind), Selector: selector,
		Template: &ds.Spec.Template, HashLabel: hashLabel, Collisions: ds.Status.CollisionCount,
		Live: func(ctx context.Context) (metav1.Object, error) {
			return c.kube.AppsV1().DaemonSets(ds.Namespace).Get(ctx, ds.Name, metav1.GetOptions{})
		},
	}
}

func (c *Controller) claim(ctx context.Context, ds *appsv1.DaemonSet, selector labels.Selector, o history.Object) ([]*corev1.Pod, error) {
	return claim.Claimer[*corev1.Pod]{
		Owner: ds, Ref: o.Ref, Live: o.Live,
		Patch: func(ctx context.Context, p *corev1.Pod, patch []byte) error {
			_, err := c.kube.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		},
	}.Claim(ctx, claim.Decide(ds, selector, claim.Candidates[*corev1.Pod](c.pods, ds)))
}

// look takes in nodes and pods; pods that were asked to go are shown so.
func (c *Controller) look(ds *appsv1.DaemonSet, hash string, owned []*corev1.Pod) (view, error) {
	nodes, err := c.nodes.List(labels.Everything())
	if err != nil {
		return view{}, err
	}
	going := reconcile.Going(&c.writes, reconcile.KeyOf(ds), owned)
	for i, p := range owned {
		if going[p.UID] {
			owned[i] = p.DeepCopy()
			owned[i].DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
	}
	return newView(ds, hash, nodes, owned, time.Now()), nil
}

// used are the revisions that pods are of.
func used(current *appsv1.ControllerRevision, owned []*corev1.Pod, revisions []*appsv1.ControllerRevision) map[string]bool {
	hashes := map[string]bool{}
	for _, p := range owned {
		hashes[p.Labels[hashLabel]] = true
	}
	names := map[string]bool{current.Name: true}
	for _, r := range revisions {
		if hashes[r.Labels[hashLabel]] {
			names[r.Name] = true
		}
	}
	return names
}

func (c *Controller) perform(ctx context.Context, v view, do plan) error {
	pod := newPod(v.ds, v.hash)
	create := do.create[:min(len(do.create), burst)]
	err := podcontrol.SlowStart(len(create), func(i int) error {
		return c.control.Create(ctx, v.ds, bind(pod, create[i]))
	})
	remove := append(do.remove, c.due(v.ds, do.failed)...)
	remove = remove[:min(len(remove), burst)]
	return errors.Join(err, podcontrol.InParallel(len(remove), func(i int) error {
		return c.control.Delete(ctx, v.ds, remove[i])
	}))
}

// due returns those ended pods that may be replaced now; the others bring ds
// back when they may.
func (c *Controller) due(ds *appsv1.DaemonSet, ended []*corev1.Pod) (out []*corev1.Pod) {
	for _, p := range ended {
		id, now := fmt.Sprintf("%s/%s", ds.UID, nodeOf(p)), time.Now()
		if c.failures.IsInBackOffSinceUpdate(id, now) {
			c.loop.AddAfter(reconcile.KeyOf(ds), c.failures.Get(id))
			continue
		}
		c.failures.Next(id, now)
		if p.Status.Phase == corev1.PodFailed {
			c.events.Eventf(ds, corev1.EventTypeWarning, "FailedDaemonPod",
				"Found failed daemon pod %s/%s on node %s, will try to kill it", p.Namespace, p.Name, nodeOf(p))
		} else {
			c.events.Eventf(ds, corev1.EventTypeNormal, "SucceededDaemonPod",
				"Found succeeded daemon pod %s/%s on node %s, will try to delete it", p.Namespace, p.Name, nodeOf(p))
		}
		out = append(out, p)
	}
	return out
}

func (c *Controller) updateStatus(ctx context.Context, v view, collisions *int32) error {
	next, recheck := v.status(collisions)
	if recheck > 0 {
		c.loop.AddAfter(reconcile.KeyOf(v.ds), recheck)
	}
	if apiequality.Semantic.DeepEqual(v.ds.Status, next) {
		return nil
	}
	ds := v.ds.DeepCopy()
	ds.Status = next
	_, err := c.kube.AppsV1().DaemonSets(ds.Namespace).UpdateStatus(ctx, ds, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("status of DaemonSet %s/%s: %w", ds.Namespace, ds.Name, err)
	}
	return nil
}
