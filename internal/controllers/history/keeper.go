package history

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/controllers/claim"
	"skiff/internal/reconcile"
)

// Object is what has a history.
type Object struct {
	Owner    metav1.Object
	Ref      metav1.OwnerReference
	Selector labels.Selector
	Template *corev1.PodTemplateSpec
	// HashLabel is the label of a revision that holds the template's hash.
	HashLabel string
	// Collisions is how many hashes met another template's so far.
	Collisions *int32
	// Live reads the owner from the API server.
	Live func(context.Context) (metav1.Object, error)
}

// Keeper writes revisions.
type Keeper struct {
	Kube kubernetes.Interface
	// Revisions is an informer's, with claim.AddIndex.
	Revisions cache.Indexer
}

// Claim returns the object's revisions, the oldest first.
func (k Keeper) Claim(ctx context.Context, o Object) ([]*appsv1.ControllerRevision, error) {
	list, err := claim.Claimer[*appsv1.ControllerRevision]{
		Owner: o.Owner, Ref: o.Ref, Live: o.Live,
		Patch: func(ctx context.Context, r *appsv1.ControllerRevision, patch []byte) error {
			_, err := k.Kube.AppsV1().ControllerRevisions(r.Namespace).Patch(ctx, r.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		},
	}.Claim(ctx, claim.Decide(o.Owner, o.Selector, claim.Candidates[*appsv1.ControllerRevision](k.Revisions, o.Owner)))
	Sort(list)
	return list, err
}

// Current returns the revision of the object's template and how many
// collisions there were by then. It makes the revision if there is none, and
// makes an old one the newest when the object went back to it.
func (k Keeper) Current(ctx context.Context, o Object, all []*appsv1.ControllerRevision) (*appsv1.ControllerRevision, *int32, error) {
	data, err := patch(o.Template)
	if err != nil {
		return nil, o.Collisions, err
	}
	newest := int64(0)
	var found *appsv1.ControllerRevision
	for _, r := range all {
		if same(r.Data.Raw, data) {
			found = r
		}
		newest = max(newest, r.Revision)
	}
	switch {
	case found == nil:
		return k.create(ctx, o, data, newest+1)
	case found.Revision == newest:
		return found, o.Collisions, nil
	}
	found = found.DeepCopy()
	found.Revision = newest + 1
	found, err = k.Kube.AppsV1().ControllerRevisions(found.Namespace).Update(ctx, found, metav1.UpdateOptions{})
	return found, o.Collisions, err
}

func (k Keeper) create(ctx context.Context, o Object, data []byte, number int64) (*appsv1.ControllerRevision, *int32, error) {
	collisions := int32(0)
	if o.Collisions != nil {
		collisions = *o.Collisions
	}
	revisions := k.Kube.AppsV1().ControllerRevisions(o.Owner.GetNamespace())
	for {
		made, err := revisions.Create(ctx, o.record(data, number, collisions), metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			return made, counted(o.Collisions, collisions), err
		}
		there, err := revisions.Get(ctx, o.record(data, number, collisions).Name, metav1.GetOptions{})
		switch {
		case err != nil:
			return nil, o.Collisions, err
		case same(there.Data.Raw, data) && metav1.IsControlledBy(there, o.Owner):
			return there, counted(o.Collisions, collisions), nil
		}
		collisions++
	}
}

// counted is n as a pointer, or before when there is nothing to count.
func counted(before *int32, n int32) *int32 {
	if before == nil && n == 0 {
		return nil
	}
	return &n
}

// Trim deletes the oldest revisions that are not used, by name, beyond limit.
func (k Keeper) Trim(ctx context.Context, all []*appsv1.ControllerRevision, used map[string]bool, limit *int32) error {
	keep := 10 // the API's default
	if limit != nil {
		keep = int(*limit)
	}
	for _, r := range surplus(all, used, keep) {
		err := k.Kube.AppsV1().ControllerRevisions(r.Namespace).Delete(ctx, r.Name, metav1.DeleteOptions{})
		if err = reconcile.IgnoreNotFound(err); err != nil {
			return err
		}
	}
	return nil
}
