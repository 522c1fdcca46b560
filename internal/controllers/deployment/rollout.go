package deployment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"skiff/internal/controllers/claim"
	podfacts "skiff/internal/controllers/pods"
	"skiff/internal/reconcile"
)

// rollout is one reconciliation of one Deployment.
type rollout struct {
	*Controller
	d       *appsv1.Deployment
	current *appsv1.ReplicaSet // nil: not made yet
	old     []*appsv1.ReplicaSet
}

func (c *Controller) roll(ctx context.Context, d *appsv1.Deployment, sets []*appsv1.ReplicaSet) error {
	r := &rollout{Controller: c, d: d}
	r.current, r.old = split(d, sets)
	if d.DeletionTimestamp != nil {
		return r.writeStatus(ctx, counts(d, r.current, r.old, time.Now()))
	}
	if s, changed := pauseStatus(d, time.Now()); changed {
		return r.writeStatus(ctx, s) // the write brings d back into the queue
	}
	if d.Spec.Paused || r.resized() {
		return r.rescale(ctx)
	}
	strategy := r.recreate
	if rolling(d) {
		strategy = r.update
	}
	err := strategy(ctx)
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil // nothing can be made there any more, and d goes too
	}
	return err
}

// resized says whether the Deployment's size was changed since its ReplicaSets
// were last scaled.
func (r *rollout) resized() bool {
	return slices.ContainsFunc(active(withCurrent(r.current, r.old)), func(rs *appsv1.ReplicaSet) bool {
		desired, ok := sizeOf(rs, desiredAnnotation)
		return ok && desired != replicas(r.d)
	})
}

func (r *rollout) rescale(ctx context.Context) error {
	if r.current != nil {
		if err := r.adoptRevision(ctx); err != nil {
			return err
		}
	}
	if _, err := r.scale(ctx, rescale(r.d, r.current, r.old)); err != nil {
		return err
	}
	if r.d.Spec.Paused {
		if err := r.trimHistory(ctx); err != nil {
			return err
		}
	}
	return r.writeStatus(ctx, counts(r.d, r.current, r.old, time.Now()))
}

// update is the RollingUpdate strategy: one careful step at a time, each
// woken by the status that the last one brought.
func (r *rollout) update(ctx context.Context) error {
	if err := r.ensureCurrent(ctx); err != nil {
		return err
	}
	steps := []func() []resize{
		func() []resize { return []resize{{r.current, newSize(r.d, r.current, r.old)}} },
		func() []resize { return shrinkOld(r.d, r.current, r.old) },
	}
	for _, step := range steps {
		moved, err := r.scale(ctx, step())
		if err != nil {
			return err
		}
		if moved {
			return r.report(ctx)
		}
	}
	return r.finish(ctx)
}

// recreate is the Recreate strategy: all of the old, then all of the new.
func (r *rollout) recreate(ctx context.Context) error {
	moved, err := r.scale(ctx, toZero(r.old))
	if err != nil {
		return err
	}
	if moved || r.oldPodsLeft() {
		return r.report(ctx)
	}
	if err := r.ensureCurrent(ctx); err != nil {
		return err
	}
	if _, err := r.scale(ctx, []resize{{r.current, replicas(r.d)}}); err != nil {
		return err
	}
	return r.finish(ctx)
}

func (r *rollout) oldPodsLeft() bool {
	for _, rs := range r.old {
		for _, p := range claim.Owned[*corev1.Pod](r.pods, rs.UID) {
			if !podfacts.Terminal(p) {
				return true
			}
		}
	}
	return false
}

func (r *rollout) finish(ctx context.Context) error {
	if complete(r.d, &r.d.Status) {
		if err := r.trimHistory(ctx); err != nil {
			return err
		}
	}
	return r.report(ctx)
}

func (r *rollout) report(ctx context.Context) error {
	s := rolloutStatus(r.d, r.current, r.old, time.Now())
	if in := untilTimeOut(r.d, s, time.Now()); in > 0 {
		r.loop.AddAfter(reconcile.KeyOf(r.d), in)
	}
	return r.writeStatus(ctx, s)
}

// ensureCurrent makes the ReplicaSet of d's template unless there is one, and
// keeps its revision and annotations.
func (r *rollout) ensureCurrent(ctx context.Context) error {
	if r.current == nil {
		if err := r.create(ctx); err != nil {
			return err
		}
	} else if condition(r.d.Status, appsv1.DeploymentProgressing) == nil && hasDeadline(r.d) {
		setCondition(&r.d.Status, appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonFound,
			fmt.Sprintf("Found new replica set %q", r.current.Name), time.Now())
		if err := r.sendStatus(ctx, r.d.Status); err != nil {
			return err
		}
	}
	return r.adoptRevision(ctx)
}

// adoptRevision gives the current ReplicaSet the newest revision, which it may
// not have after a rollback, and the Deployment that of its ReplicaSet.
func (r *rollout) adoptRevision(ctx context.Context) error {
	rs := r.current.DeepCopy()
	changed := annotate(rs, r.d, nextRevision(r.old))
	if rs.Spec.MinReadySeconds != r.d.Spec.MinReadySeconds {
		rs.Spec.MinReadySeconds, changed = r.d.Spec.MinReadySeconds, true
	}
	if changed {
		if err := r.updateSet(ctx, rs); err != nil {
			return err
		}
	}
	rev := r.current.Annotations[revisionAnnotation]
	if r.d.Annotations[revisionAnnotation] == rev {
		return nil
	}
	return r.setRevision(ctx, rev)
}

func (r *rollout) setRevision(ctx context.Context, rev string) error {
	d := r.d.DeepCopy()
	if d.Annotations == nil {
		d.Annotations = map[string]string{}
	}
	d.Annotations[revisionAnnotation] = rev
	d, err := r.kube.AppsV1().Deployments(d.Namespace).Update(ctx, d, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("revision of Deployment %s/%s: %w", r.d.Namespace, r.d.Name, err)
	}
	status := r.d.Status // what was learnt on the way and is yet to be sent
	r.d = d.DeepCopy()
	r.d.Status = status
	return nil
}

func (r *rollout) create(ctx context.Context) error {
	rs := newSet(r.d, r.old)
	made, err := r.kube.AppsV1().ReplicaSets(rs.Namespace).Create(ctx, rs, metav1.CreateOptions{})
	switch {
	case apierrors.IsAlreadyExists(err):
		return r.collision(ctx, rs)
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return err
	case err != nil:
		return r.createFailed(ctx, rs.Name, err)
	}
	r.current = made
	r.writes.Created(reconcile.KeyOf(r.d), made.ResourceVersion)
	if n := size(made); n > 0 {
		r.events.Eventf(r.d, corev1.EventTypeNormal, "ScalingReplicaSet", "Scaled up replica set %s from 0 to %d", made.Name, n)
	}
	if hasDeadline(r.d) {
		touchCondition(&r.d.Status, appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonCreated,
			fmt.Sprintf("Created new replica set %q", made.Name), time.Now())
	}
	return nil
}

// collision handles a name that is taken: by our own earlier creation, which
// the informer has yet to see, or by a set of another template with the same
// hash. The latter is counted, which makes another hash.
func (r *rollout) collision(ctx context.Context, rs *appsv1.ReplicaSet) error {
	taken, err := r.kube.AppsV1().ReplicaSets(rs.Namespace).Get(ctx, rs.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if metav1.IsControlledBy(taken, r.d) && sameTemplate(&taken.Spec.Template, &r.d.Spec.Template) {
		r.current = taken
		return nil
	}
	n := int32(1)
	if r.d.Status.CollisionCount != nil {
		n += *r.d.Status.CollisionCount
	}
	s := *r.d.Status.DeepCopy()
	s.CollisionCount = &n
	if err := r.sendStatus(ctx, s); err != nil {
		return err
	}
	return fmt.Errorf("ReplicaSet %s/%s exists with another template, taking another name", rs.Namespace, rs.Name)
}

func (r *rollout) createFailed(ctx context.Context, name string, err error) error {
	message := fmt.Sprintf("Failed to create new replica set %q: %v", name, err)
	r.events.Event(r.d, corev1.EventTypeWarning, reasonFailed, message)
	if hasDeadline(r.d) {
		s := *r.d.Status.DeepCopy()
		setCondition(&s, appsv1.DeploymentProgressing, corev1.ConditionFalse, reasonFailed, message, time.Now())
		if statusErr := r.writeStatus(ctx, s); statusErr != nil {
			return statusErr
		}
	}
	return err
}

// newSet is the ReplicaSet that d's template needs.
func newSet(d *appsv1.Deployment, old []*appsv1.ReplicaSet) *appsv1.ReplicaSet {
	hash := templateHash(&d.Spec.Template, d.Status.CollisionCount)
	template := *d.Spec.Template.DeepCopy()
	template.Labels = labels.Merge(template.Labels, labels.Set{hashLabel: hash})
	selector := d.Spec.Selector.DeepCopy()
	selector.MatchLabels = labels.Merge(selector.MatchLabels, labels.Set{hashLabel: hash})
	n := newSize(d, nil, old)
	rs := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: d.Namespace, Name: d.Name + "-" + hash, Labels: template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(d, kind)},
		},
		Spec: appsv1.ReplicaSetSpec{Replicas: &n, MinReadySeconds: d.Spec.MinReadySeconds, Selector: selector, Template: template},
	}
	annotate(rs, d, nextRevision(old))
	setSize(rs, d)
	return rs
}

// scale writes the sizes that differ, and says whether any did.
func (r *rollout) scale(ctx context.Context, sizes []resize) (moved bool, err error) {
	for _, s := range sizes {
		rs, from := s.set.DeepCopy(), size(s.set)
		if !setSize(rs, r.d) && from == s.to {
			continue
		}
		rs.Spec.Replicas = &s.to
		if err := r.updateSet(ctx, rs); err != nil {
			return moved, err
		}
		if from == s.to {
			continue
		}
		moved = true
		direction := "up"
		if s.to < from {
			direction = "down"
		}
		r.events.Eventf(r.d, corev1.EventTypeNormal, "ScalingReplicaSet",
			"Scaled %s replica set %s from %d to %d", direction, rs.Name, from, s.to)
	}
	return moved, nil
}

// updateSet writes a ReplicaSet and puts the result in the place of the one
// that it was made from.
func (r *rollout) updateSet(ctx context.Context, rs *appsv1.ReplicaSet) error {
	done, err := r.kube.AppsV1().ReplicaSets(rs.Namespace).Update(ctx, rs, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("ReplicaSet %s/%s: %w", rs.Namespace, rs.Name, err)
	}
	r.writes.Created(reconcile.KeyOf(r.d), done.ResourceVersion)
	if r.current != nil && r.current.UID == done.UID {
		r.current = done
	}
	for i := range r.old {
		if r.old[i].UID == done.UID {
			r.old[i] = done
		}
	}
	return nil
}

// trimHistory deletes the oldest of the ReplicaSets that only serve rollbacks.
func (r *rollout) trimHistory(ctx context.Context) error {
	for _, rs := range expired(r.d, r.old) {
		err := r.kube.AppsV1().ReplicaSets(rs.Namespace).Delete(ctx, rs.Name, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &rs.UID},
		})
		if reconcile.IgnoreNotFound(err) != nil {
			return fmt.Errorf("old ReplicaSet %s/%s: %w", rs.Namespace, rs.Name, err)
		}
	}
	return nil
}

// expired are the old ReplicaSets beyond spec.revisionHistoryLimit, those with
// the lowest revisions. One that still has pods stays.
func expired(d *appsv1.Deployment, old []*appsv1.ReplicaSet) (out []*appsv1.ReplicaSet) {
	limit := d.Spec.RevisionHistoryLimit
	if limit == nil || *limit == math.MaxInt32 {
		return nil
	}
	alive := slices.DeleteFunc(slices.Clone(old), func(rs *appsv1.ReplicaSet) bool { return rs.DeletionTimestamp != nil })
	slices.SortFunc(alive, func(a, b *appsv1.ReplicaSet) int {
		return cmp.Or(cmp.Compare(revision(a.Annotations), revision(b.Annotations)), age(a, b))
	})
	for _, rs := range alive[:max(len(alive)-int(*limit), 0)] {
		if size(rs) == 0 && rs.Status.Replicas == 0 && rs.Status.ObservedGeneration >= rs.Generation {
			out = append(out, rs)
		}
	}
	return out
}

// writeStatus sends a status that differs from what the informer showed.
func (r *rollout) writeStatus(ctx context.Context, s appsv1.DeploymentStatus) error {
	shown, err := r.deployments.Deployments(r.d.Namespace).Get(r.d.Name)
	if err == nil && shown.UID == r.d.UID && apiequality.Semantic.DeepEqual(shown.Status, s) {
		return nil
	}
	return r.sendStatus(ctx, s)
}

func (r *rollout) sendStatus(ctx context.Context, s appsv1.DeploymentStatus) error {
	d := r.d.DeepCopy()
	d.Status = s
	d, err := r.kube.AppsV1().Deployments(d.Namespace).UpdateStatus(ctx, d, metav1.UpdateOptions{})
	if err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("status of Deployment %s/%s (resourceVersion %s): %w",
			r.d.Namespace, r.d.Name, strconv.Quote(r.d.ResourceVersion), err)
	}
	r.d = d.DeepCopy()
	return nil
}
