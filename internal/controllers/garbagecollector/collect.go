package garbagecollector

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"

	"skiff/internal/reconcile"
)

// verdict is what is to become of an object, given its owners.
type verdict int

const (
	keep        verdict = iota
	verify              // it depends on owners of which too little is known
	disown              // it stays, without the owners that are gone or going
	remove              // nobody owns it any more
	removeFirst         // an owner waits for it, and it has dependents itself
)

// judge decides about an object that has the owners in states.
func judge(states []ownerState, hasDependents bool) verdict {
	solid, dangling, waiting := 0, 0, 0
	for _, s := range states {
		switch {
		case s.presence == unknown:
			return verify
		case s.presence == absent:
			dangling++
		case s.foreground:
			waiting++
		default:
			solid++
		}
	}
	switch {
	case solid > 0 && dangling+waiting == 0 || len(states) == 0:
		return keep
	case solid > 0:
		return disown
	case waiting > 0 && hasDependents:
		return removeFirst
	}
	return remove
}

// reconcile collects one object, or its dependents.
func (c *Controller) reconcile(ctx context.Context, uid types.UID) error {
	v, ok := c.graph.look(uid)
	if !ok {
		return nil
	}
	switch {
	case v.orphan:
		return c.orphanDependents(ctx, v)
	case v.foreground:
		return c.awaitDependents(ctx, v)
	case v.deleting:
		return nil
	}
	switch judge(v.states, len(v.dependents) > 0) {
	case verify:
		return c.verify(ctx, v)
	case disown:
		return c.disown(ctx, v)
	case remove:
		return c.remove(ctx, v, false)
	case removeFirst:
		return c.remove(ctx, v, true)
	}
	return nil
}

func (c *Controller) client(o object) metadata.ResourceInterface {
	r := c.meta.Resource(o.resource)
	if o.namespace == "" {
		return r
	}
	return r.Namespace(o.namespace)
}

// live reads an object from the API server; nil when it is gone, which the
// graph is then told.
func (c *Controller) live(ctx context.Context, o object) (*metav1.PartialObjectMetadata, error) {
	m, err := c.client(o).Get(ctx, o.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && m.UID != o.uid {
		c.graph.gone(o.uid)
		return nil, nil
	}
	return m, err
}

// verify looks up the owners of which only the reference is known, and then
// has the object judged again.
func (c *Controller) verify(ctx context.Context, v view) error {
	for _, s := range v.states {
		if s.presence != unknown {
			continue
		}
		kind, ok := c.kindOf(s.APIVersion, s.Kind)
		if !ok {
			return fmt.Errorf("owner %s %s of %s %s/%s: the API has no such kind", s.APIVersion, s.Kind, v.resource.Resource, v.namespace, v.name)
		}
		namespace := v.namespace
		if !kind.namespaced {
			namespace = ""
		}
		if kind.namespaced && namespace == "" {
			c.graph.gone(s.UID) // nothing of the cluster is owned by something in a namespace
			continue
		}
		m, err := c.live(ctx, object{uid: s.UID, resource: kind.resource, namespace: namespace, name: s.Name})
		if err != nil {
			return err
		}
		if m != nil {
			c.graph.found(kind.resource, m)
		}
	}
	c.loop.Add(v.uid)
	return nil
}

// remove deletes the object, unless it has changed since it was judged. How
// its own dependents fare is what its finalizers ask for.
func (c *Controller) remove(ctx context.Context, v view, foreground bool) error {
	m, err := c.live(ctx, v.object)
	if m == nil || err != nil || m.DeletionTimestamp != nil {
		return err
	}
	if !slices.EqualFunc(m.OwnerReferences, v.owners, func(a, b metav1.OwnerReference) bool { return a.UID == b.UID }) {
		c.graph.observe(v.resource, m)
		c.loop.Add(v.uid)
		return nil
	}
	policy := metav1.DeletePropagationBackground
	switch {
	case foreground || slices.Contains(m.Finalizers, metav1.FinalizerDeleteDependents):
		policy = metav1.DeletePropagationForeground
	case slices.Contains(m.Finalizers, metav1.FinalizerOrphanDependents):
		policy = metav1.DeletePropagationOrphan
	}
	err = c.client(v.object).Delete(ctx, v.name, metav1.DeleteOptions{
		PropagationPolicy: &policy,
		Preconditions:     &metav1.Preconditions{UID: &m.UID, ResourceVersion: &m.ResourceVersion},
	})
	return reconcile.IgnoreNotFound(err)
}

// disown takes the owners off the object that are gone, or that wait for it
// to go though others still own it.
func (c *Controller) disown(ctx context.Context, v view) error {
	var without []types.UID
	for _, s := range v.states {
		if s.presence == absent || s.foreground {
			without = append(without, s.UID)
		}
	}
	return c.dropOwners(ctx, v.object, without)
}

func (c *Controller) dropOwners(ctx context.Context, o object, owners []types.UID) error {
	m, err := c.live(ctx, o)
	if m == nil || err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(m.OwnerReferences), func(r metav1.OwnerReference) bool { return slices.Contains(owners, r.UID) })
	if len(left) == len(m.OwnerReferences) {
		return nil
	}
	return c.patch(ctx, o, m, "ownerReferences", left)
}

// orphanDependents lets go of what the object owns, and then of the object.
func (c *Controller) orphanDependents(ctx context.Context, v view) error {
	for _, d := range v.dependents {
		if err := c.dropOwners(ctx, d, []types.UID{v.uid}); err != nil {
			return err
		}
	}
	return c.dropFinalizer(ctx, v.object, metav1.FinalizerOrphanDependents)
}

// awaitDependents lets the object go when nothing that blocks it is left.
// Dependents in a circle would wait for each other; they are told not to.
func (c *Controller) awaitDependents(ctx context.Context, v view) error {
	blocked := false
	for _, d := range v.dependents {
		if !d.blocks(v.uid) || d.presence != present {
			continue
		}
		blocked = true
		if d.foreground && owns(v.owners, d.uid) {
			if err := c.dropOwners(ctx, d, []types.UID{v.uid}); err != nil {
				return err
			}
		} else if !d.deleting {
			c.loop.Add(d.uid)
		}
	}
	if blocked {
		return nil // each one's going brings the object back
	}
	return c.dropFinalizer(ctx, v.object, metav1.FinalizerDeleteDependents)
}

func (c *Controller) dropFinalizer(ctx context.Context, o object, name string) error {
	m, err := c.live(ctx, o)
	if m == nil || err != nil || !slices.Contains(m.Finalizers, name) {
		return err
	}
	return c.patch(ctx, o, m, "finalizers", slices.DeleteFunc(m.Finalizers, func(f string) bool { return f == name }))
}

// patch sets one field of the metadata, if the object is still as read.
func (c *Controller) patch(ctx context.Context, o object, m *metav1.PartialObjectMetadata, field string, value any) error {
	b, err := json.Marshal(map[string]any{"metadata": map[string]any{"resourceVersion": m.ResourceVersion, "uid": m.UID, field: value}})
	if err != nil {
		return err
	}
	_, err = c.client(o).Patch(ctx, o.name, types.MergePatchType, b, metav1.PatchOptions{})
	return reconcile.IgnoreNotFound(err)
}
