package proxy

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// dirty is the set of Services that changed since they were last planned. A
// Service that changes ten times before it is looked at is planned once.
type dirty struct {
	mu    sync.Mutex
	names map[types.NamespacedName]struct{}
	wake  chan struct{} // holds at most one signal
}

func newDirty() *dirty {
	return &dirty{names: map[types.NamespacedName]struct{}{}, wake: make(chan struct{}, 1)}
}

func (d *dirty) add(name types.NamespacedName) {
	d.mu.Lock()
	d.names[name] = struct{}{}
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// take empties the set; the names come in order, so that what is written does
// not depend on chance.
func (d *dirty) take() []types.NamespacedName {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := make([]types.NamespacedName, 0, len(d.names))
	for name := range d.names {
		names = append(names, name)
	}
	clear(d.names)
	slices.SortFunc(names, compareNames)
	return names
}

// handler adds the Service that each object belongs to, before and after.
func (d *dirty) handler(serviceOf func(any) (types.NamespacedName, bool)) cache.ResourceEventHandler {
	add := func(obj any) {
		if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = gone.Obj
		}
		if name, ok := serviceOf(obj); ok {
			d.add(name)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(before, after any) { add(before); add(after) },
		DeleteFunc: add,
	}
}
