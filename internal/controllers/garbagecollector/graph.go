package garbagecollector

import (
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// presence is what the graph knows about an object's existence.
type presence int

const (
	unknown presence = iota // only heard of, from an owner reference
	present                 // seen
	absent                  // known to be gone
)

// object is a node of the graph.
type object struct {
	uid       types.UID
	resource  schema.GroupVersionResource
	namespace string
	name      string
	presence  presence

	owners     []metav1.OwnerReference
	dependents map[types.UID]*object

	deleting   bool // it has a deletionTimestamp
	foreground bool // and waits until its dependents are gone
	orphan     bool // and waits until they are let go
}

// graph knows who owns whom. It holds only objects that own or are owned, or
// that wait to be collected: most objects of a cluster are neither.
//
// Its methods call wake with the UIDs of objects that are worth a look.
type graph struct {
	mu      sync.Mutex
	objects map[types.UID]*object
	wake    func(types.UID)
}

func newGraph(wake func(types.UID)) *graph {
	return &graph{objects: map[types.UID]*object{}, wake: wake}
}

// observe notes an object as it is now.
func (g *graph) observe(r schema.GroupVersionResource, m *metav1.PartialObjectMetadata) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.objects[m.UID]
	waits := m.DeletionTimestamp != nil && (slices.Contains(m.Finalizers, metav1.FinalizerDeleteDependents) ||
		slices.Contains(m.Finalizers, metav1.FinalizerOrphanDependents))
	if o == nil && len(m.OwnerReferences) == 0 && !waits {
		return
	}
	if o == nil {
		o = &object{uid: m.UID}
		g.objects[m.UID] = o
	}
	o.resource, o.namespace, o.name, o.presence = r, m.Namespace, m.Name, present
	g.relink(o, m.OwnerReferences)
	g.deletion(o, m)
	g.drop(o)
}

// relink makes owners the object's owners. A new one is worth checking.
func (g *graph) relink(o *object, owners []metav1.OwnerReference) {
	for _, ref := range o.owners {
		if !owns(owners, ref.UID) {
			g.unlink(o, ref.UID)
		}
	}
	for _, ref := range owners {
		owner := g.objects[ref.UID]
		if owner == nil {
			owner = &object{uid: ref.UID, name: ref.Name}
			g.objects[ref.UID] = owner
		}
		if owner.dependents == nil {
			owner.dependents = map[types.UID]*object{}
		}
		owner.dependents[o.uid] = o
		if owner.presence != present || owner.foreground || owner.namespace != "" && owner.namespace != o.namespace {
			g.wake(o.uid)
		}
		if owner.orphan {
			g.wake(owner.uid)
		}
	}
	o.owners = owners
}

func (g *graph) unlink(o *object, owner types.UID) {
	if p := g.objects[owner]; p != nil {
		delete(p.dependents, o.uid)
		if p.foreground || p.orphan {
			g.wake(p.uid)
		}
		g.drop(p)
	}
}

// deletion notes how far the object is on its way out.
func (g *graph) deletion(o *object, m *metav1.PartialObjectMetadata) {
	o.deleting = m.DeletionTimestamp != nil
	o.foreground = o.deleting && slices.Contains(m.Finalizers, metav1.FinalizerDeleteDependents)
	o.orphan = o.deleting && slices.Contains(m.Finalizers, metav1.FinalizerOrphanDependents)
	if o.foreground || o.orphan {
		g.wake(o.uid)
	}
	if o.foreground {
		for uid := range o.dependents {
			g.wake(uid)
		}
	}
}

// gone notes that an object is no more; what it owned is worth a look.
func (g *graph) gone(uid types.UID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.objects[uid]
	if o == nil {
		return
	}
	for _, ref := range o.owners {
		g.unlink(o, ref.UID)
	}
	o.owners, o.presence, o.foreground, o.orphan = nil, absent, false, false
	for dependent := range o.dependents {
		g.wake(dependent)
	}
	g.drop(o)
}

// onlyThese notes a complete list of one resource: objects of it that are not
// in the list are gone.
func (g *graph) onlyThese(r schema.GroupResource, listed map[types.UID]bool) {
	g.mu.Lock()
	var missing []types.UID
	for uid, o := range g.objects {
		if o.presence == present && o.resource.GroupResource() == r && !listed[uid] {
			missing = append(missing, uid)
		}
	}
	g.mu.Unlock()
	for _, uid := range missing {
		g.gone(uid)
	}
}

// found notes that an owner, of which only its name was known, exists.
func (g *graph) found(r schema.GroupVersionResource, m *metav1.PartialObjectMetadata) {
	g.mu.Lock()
	o := g.objects[m.UID]
	missing := o != nil && o.presence == unknown
	g.mu.Unlock()
	if missing {
		g.observe(r, m)
	}
}

// drop forgets an object that matters no more.
func (g *graph) drop(o *object) {
	if len(o.dependents) == 0 && len(o.owners) == 0 && !o.foreground && !o.orphan {
		delete(g.objects, o.uid)
	}
}

// view is a copy of an object, with what its collection depends on.
type view struct {
	object
	states     []ownerState
	dependents []object
}

// ownerState is an owner reference and what is known of the owner.
type ownerState struct {
	metav1.OwnerReference
	presence   presence
	foreground bool
}

// look returns a copy of an object; false: there is nothing to collect.
func (g *graph) look(uid types.UID) (v view, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.objects[uid]
	if o == nil || o.presence != present {
		return v, false
	}
	v.object = *o
	for _, ref := range o.owners {
		v.states = append(v.states, g.stateOf(o, ref))
	}
	for _, d := range o.dependents {
		v.dependents = append(v.dependents, *d)
	}
	v.object.dependents = nil
	return v, true
}

// stateOf says what is known of an owner. One in another namespace is none.
func (g *graph) stateOf(o *object, ref metav1.OwnerReference) ownerState {
	s := ownerState{OwnerReference: ref}
	if owner := g.objects[ref.UID]; owner != nil {
		s.presence, s.foreground = owner.presence, owner.foreground
		if owner.presence == present && owner.namespace != "" && owner.namespace != o.namespace {
			s.presence = absent
		}
	}
	return s
}

func owns(refs []metav1.OwnerReference, uid types.UID) bool {
	return slices.ContainsFunc(refs, func(r metav1.OwnerReference) bool { return r.UID == uid })
}

// blocks says whether the object keeps its owner, which is being deleted in
// the foreground, from going.
func (o *object) blocks(owner types.UID) bool {
	return slices.ContainsFunc(o.owners, func(r metav1.OwnerReference) bool {
		return r.UID == owner && r.BlockOwnerDeletion != nil && *r.BlockOwnerDeletion
	})
}
