// Package claim settles which objects belong to a controller object: those
// that its selector matches and that no other controls. It decides which to
// adopt and which to let go, and writes the owner references that say so.
package claim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/reconcile"
)

// indexName is the index of an informer by controller.
const indexName = "controller"

// AddIndex lets Candidates find objects in the informer without looking at
// all of a namespace. Several controllers may ask for it on one informer.
func AddIndex(informer cache.SharedIndexInformer) error {
	if _, ok := informer.GetIndexer().GetIndexers()[indexName]; ok {
		return nil
	}
	return informer.AddIndexers(cache.Indexers{indexName: func(obj any) ([]string, error) {
		o, ok := obj.(metav1.Object)
		if !ok {
			return nil, nil
		}
		if ref := metav1.GetControllerOfNoCopy(o); ref != nil {
			return []string{string(ref.UID)}, nil
		}
		return []string{orphans(o.GetNamespace())}, nil
	}})
}

func orphans(namespace string) string { return "orphan/" + namespace }

// Owned returns the objects that owner controls.
func Owned[T metav1.Object](indexer cache.Indexer, owner types.UID) []T {
	return byIndex[T](indexer, string(owner))
}

// Candidates returns the objects that owner controls and those of its
// namespace that nobody does.
func Candidates[T metav1.Object](indexer cache.Indexer, owner metav1.Object) []T {
	return append(Owned[T](indexer, owner.GetUID()), byIndex[T](indexer, orphans(owner.GetNamespace()))...)
}

func byIndex[T metav1.Object](indexer cache.Indexer, value string) []T {
	found, err := indexer.ByIndex(indexName, value)
	if err != nil {
		panic(err) // AddIndex was not called
	}
	list := make([]T, 0, len(found))
	for _, o := range found {
		list = append(list, o.(T))
	}
	return list
}

// Decision says what is to become of the candidates of an owner. The three do
// not overlap; those that are none of the owner's business are in none.
type Decision[T metav1.Object] struct {
	Owned, Adopt, Release []T
}

// Decide sorts the candidates. An owner that is being deleted neither adopts
// nor releases.
func Decide[T metav1.Object](owner metav1.Object, selector labels.Selector, candidates []T) (d Decision[T]) {
	deleting := owner.GetDeletionTimestamp() != nil
	for _, o := range candidates {
		matches := selector.Matches(labels.Set(o.GetLabels()))
		ref := metav1.GetControllerOfNoCopy(o)
		switch {
		case ref != nil && ref.UID != owner.GetUID():
		case ref != nil && matches:
			d.Owned = append(d.Owned, o)
		case ref != nil && !deleting:
			d.Release = append(d.Release, o)
		case ref == nil && matches && !deleting && o.GetDeletionTimestamp() == nil:
			d.Adopt = append(d.Adopt, o)
		}
	}
	return d
}

// Claimer performs Decisions.
type Claimer[T metav1.Object] struct {
	// Owner is the controller object, and Ref what its objects say of it.
	Owner metav1.Object
	Ref   metav1.OwnerReference
	// Live reads the owner from the API server. An informer may not know yet
	// that the owner is being deleted, and who is must not adopt.
	Live func(context.Context) (metav1.Object, error)
	// Patch sends a strategic merge patch for an object.
	Patch func(ctx context.Context, o T, patch []byte) error
}

// Claim carries out the decision and returns the objects that are the owner's
// from now on. With an error, what it returns is incomplete.
func (c Claimer[T]) Claim(ctx context.Context, d Decision[T]) ([]T, error) {
	var errs []error
	for _, o := range d.Release {
		err := c.Patch(ctx, o, c.releasePatch(o))
		errs = append(errs, reconcile.IgnoreNotFound(err))
	}
	if len(d.Adopt) > 0 {
		if err := c.mayAdopt(ctx); err != nil {
			return d.Owned, errors.Join(append(errs, err)...)
		}
	}
	for _, o := range d.Adopt {
		err := c.Patch(ctx, o, c.adoptPatch(o))
		if err == nil {
			d.Owned = append(d.Owned, o)
		}
		errs = append(errs, reconcile.IgnoreNotFound(err))
	}
	return d.Owned, errors.Join(errs...)
}

func (c Claimer[T]) mayAdopt(ctx context.Context) error {
	live, err := c.Live(ctx)
	if err != nil {
		return fmt.Errorf("%s/%s cannot adopt: %w", c.Owner.GetNamespace(), c.Owner.GetName(), err)
	}
	if live.GetUID() != c.Owner.GetUID() || live.GetDeletionTimestamp() != nil {
		return fmt.Errorf("%s/%s cannot adopt: it is being deleted", c.Owner.GetNamespace(), c.Owner.GetName())
	}
	return nil
}

// The patches carry the object's UID, so that they fail on another object of
// the same name.
func (c Claimer[T]) adoptPatch(o T) []byte {
	return patch(o.GetUID(), c.Ref)
}

func (c Claimer[T]) releasePatch(o T) []byte {
	return patch(o.GetUID(), map[string]any{"$patch": "delete", "uid": c.Ref.UID})
}

func patch(uid types.UID, ref any) []byte {
	b, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": uid, "ownerReferences": []any{ref}}})
	if err != nil {
		panic(err) // a reference is always JSON
	}
	return b
}
