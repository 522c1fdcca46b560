package statefulset

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	podfacts "skiff/internal/controllers/pods"
	"skiff/internal/reconcile"
)

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	set, err := c.sets.StatefulSets(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || !c.writes.Seen(key, c.pods.LastStoreSyncResourceVersion()) {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return nil // validation refuses such a selector
	}
	return c.sync(ctx, set, selector)
}

func (c *Controller) sync(ctx context.Context, set *appsv1.StatefulSet, selector labels.Selector) error {
	object := c.object(set, selector)
	revisions, err := c.history.Claim(ctx, object)
	if err != nil {
		return err
	}
	update, collisions, err := c.history.Current(ctx, object, revisions)
	if err != nil {
		return fmt.Errorf("revision of StatefulSet %s/%s: %w", set.Namespace, set.Name, err)
	}
	owned, err := c.claim(ctx, set, selector, object)
	if err != nil {
		return err
	}
	v := c.look(set, update.Name, owned)
	if v.current == "" || !slices.ContainsFunc(revisions, func(r *appsv1.ControllerRevision) bool { return r.Name == v.current }) {
		v.current = update.Name
	}
	if !slices.ContainsFunc(revisions, func(r *appsv1.ControllerRevision) bool { return r.Name == update.Name }) {
		revisions = append(revisions, update)
	}
	return errors.Join(
		c.perform(ctx, v, revisions, v.decide()),
		c.history.Trim(ctx, revisions, used(v), set.Spec.RevisionHistoryLimit),
		c.updateStatus(ctx, v, collisions),
	)
}

func (c *Controller) object(set *appsv1.StatefulSet, selector labels.Selector) history.Object {
	return history.Object{
		Owner: set, Ref: *metav1.NewControllerRef(set, kind), Selector: selector,
		Template: &set.Spec.Template, HashLabel: hashLabel, Collisions: set.Status.CollisionCount,
		Live: func(ctx context.Context) (metav1.Object, error) {
			return c.kube.AppsV1().StatefulSets(set.Namespace).Get(ctx, set.Name, metav1.GetOptions{})
		},
	}
}

// claim settles which pods are the set's; it does not touch orphans that are
// not named as its own.
func (c *Controller) claim(ctx context.Context, set *appsv1.StatefulSet, selector labels.Selector, o history.Object) ([]*corev1.Pod, error) {
	candidates := slices.DeleteFunc(claim.Candidates[*corev1.Pod](c.pods, set), func(p *corev1.Pod) bool { return ordinalOf(set, p) < 0 })
	return claim.Claimer[*corev1.Pod]{
		Owner: set, Ref: o.Ref, Live: o.Live,
		Patch: func(ctx context.Context, p *corev1.Pod, patch []byte) error {
			_, err := c.kube.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		},
	}.Claim(ctx, claim.Decide(set, selector, candidates))
}

// look makes the view; pods that were asked to go are shown so.
func (c *Controller) look(set *appsv1.StatefulSet, update string, owned []*corev1.Pod) view {
	going := reconcile.Going(&c.writes, reconcile.KeyOf(set), owned)
	for i, p := range owned {
		if going[p.UID] {
			owned[i] = p.DeepCopy()
			owned[i].DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
	}
	return view{set: set, current: set.Status.CurrentRevision, update: update, pods: owned, now: time.Now()}
}

// used are the revisions that pods are of, or will be.
func used(v view) map[string]bool {
	names := map[string]bool{v.current: true, v.update: true}
	for _, p := range v.pods {
		names[p.Labels[revisionLabel]] = true
	}
	return names
}

func (c *Controller) perform(ctx context.Context, v view, revisions []*appsv1.ControllerRevision, do plan) error {
	for _, p := range do.tend {
		if err := c.tend(ctx, v.set, p); err != nil {
			return err
		}
	}
	err := podcontrol.SlowStart(len(do.create), func(i int) error { return c.create(ctx, v, revisions, do.create[i]) })
	return errors.Join(err, podcontrol.InParallel(len(do.remove), func(i int) error { return c.remove(ctx, v.set, do.remove[i]) }))
}

// tend mends what a pod lost of its identity, and the claims that it waits for.
func (c *Controller) tend(ctx context.Context, set *appsv1.StatefulSet, p *corev1.Pod) error {
	if err := c.ensureClaims(ctx, set, ordinalOf(set, p), p); err != nil {
		return err
	}
	mended := p.DeepCopy()
	if !identify(set, mended) {
		return nil
	}
	_, err := c.kube.CoreV1().Pods(p.Namespace).Update(ctx, mended, metav1.UpdateOptions{})
	return c.tell(set, "update", p.Name, err)
}

func (c *Controller) create(ctx context.Context, v view, revisions []*appsv1.ControllerRevision, ordinal int) error {
	name, template := v.revisionFor(ordinal), &v.set.Spec.Template
	for _, r := range revisions {
		if r.Name == name && name != v.update {
			t, err := history.Template(r)
			if err != nil {
				return err
			}
			template = t
		}
	}
	if err := c.ensureClaims(ctx, v.set, ordinal, nil); err != nil {
		return err
	}
	made, err := c.kube.CoreV1().Pods(v.set.Namespace).Create(ctx, newPod(v.set, ordinal, name, template), metav1.CreateOptions{})
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil // nothing can be made there any more, and the set goes too
	}
	if err == nil {
		c.writes.Created(reconcile.KeyOf(v.set), made.ResourceVersion)
	}
	return c.tell(v.set, "create", podName(v.set, ordinal), err)
}

func (c *Controller) remove(ctx context.Context, set *appsv1.StatefulSet, p *corev1.Pod) error {
	if podfacts.Terminal(p) {
		c.events.Eventf(set, corev1.EventTypeWarning, map[corev1.PodPhase]string{
			corev1.PodFailed: "RecreatingFailedPod", corev1.PodSucceeded: "RecreatingTerminatedPod",
		}[p.Status.Phase], "StatefulSet %s/%s is recreating %s Pod %s", set.Namespace, set.Name,
			map[corev1.PodPhase]string{corev1.PodFailed: "failed", corev1.PodSucceeded: "terminated"}[p.Status.Phase], p.Name)
	}
	if i := ordinalOf(set, p) - first(set); i < 0 || i >= replicas(set) {
		if err := c.ownClaims(ctx, set, p, true); err != nil {
			return err
		}
	}
	err := c.kube.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) { // gone, or another of that name
		err = nil
	}
	if err == nil {
		c.writes.Deleted(reconcile.KeyOf(set), p.UID)
	}
	return c.tell(set, "delete", p.Name, err)
}

// tell records what was done to a pod, and returns err.
func (c *Controller) tell(set *appsv1.StatefulSet, verb, pod string, err error) error {
	reason := map[string]string{"create": "Create", "update": "Update", "delete": "Delete"}[verb]
	if err != nil {
		c.events.Eventf(set, corev1.EventTypeWarning, "Failed"+reason, "%s Pod %s in StatefulSet %s failed error: %v", verb, pod, set.Name, err)
		return err
	}
	c.events.Eventf(set, corev1.EventTypeNormal, "Successful"+reason, "%s Pod %s in StatefulSet %s successful", verb, pod, set.Name)
	return nil
}

// ensureClaims makes the claims of a number that are missing.
func (c *Controller) ensureClaims(ctx context.Context, set *appsv1.StatefulSet, ordinal int, pod *corev1.Pod) error {
	for _, want := range claimsOf(set, ordinal) {
		_, err := c.claims.PersistentVolumeClaims(set.Namespace).Get(want.Name)
		if err == nil {
			continue
		}
		own(set, want, nil, false)
		_, err = c.kube.CoreV1().PersistentVolumeClaims(set.Namespace).Create(ctx, want, metav1.CreateOptions{})
		switch {
		case apierrors.IsAlreadyExists(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		case err != nil:
			c.events.Eventf(set, corev1.EventTypeWarning, "FailedCreate", "create Claim %s for Pod %s in StatefulSet %s failed error: %v", want.Name, podName(set, ordinal), set.Name, err)
			return err
		default:
			c.events.Eventf(set, corev1.EventTypeNormal, "SuccessfulCreate", "create Claim %s Pod %s in StatefulSet %s success", want.Name, podName(set, ordinal), set.Name)
		}
	}
	if pod == nil {
		return nil
	}
	return c.ownClaims(ctx, set, pod, false)
}

// ownClaims writes the owners of a pod's claims as the retention policy says.
func (c *Controller) ownClaims(ctx context.Context, set *appsv1.StatefulSet, pod *corev1.Pod, condemned bool) error {
	for _, want := range claimsOf(set, ordinalOf(set, pod)) {
		there, err := c.claims.PersistentVolumeClaims(set.Namespace).Get(want.Name)
		if err != nil {
			continue // gone, or not seen yet
		}
		if there = there.DeepCopy(); own(set, there, pod, condemned) {
			if _, err := c.kube.CoreV1().PersistentVolumeClaims(set.Namespace).Update(ctx, there, metav1.UpdateOptions{}); reconcile.IgnoreNotFound(err) != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Controller) updateStatus(ctx context.Context, v view, collisions *int32) error {
	next, recheck := v.status(collisions)
	if recheck > 0 {
		c.loop.AddAfter(reconcile.KeyOf(v.set), recheck)
	}
	if apiequality.Semantic.DeepEqual(v.set.Status, next) {
		return nil
	}
	set := v.set.DeepCopy()
	set.Status = next
	_, err := c.kube.AppsV1().StatefulSets(set.Namespace).UpdateStatus(ctx, set, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("status of StatefulSet %s/%s: %w", set.Namespace, set.Name, err)
	}
	return nil
}
