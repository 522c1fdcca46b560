package reconcile

import (
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// Writes remembers what a controller wrote, so that it does not decide on an
// informer that has not seen it yet. It takes the place of expectations with
// time-outs: a creation is seen when the informer's resourceVersion has
// reached the one that the creation returned, however the news came.
//
// A key that is behind needs no timer: the event that it waits for is for one
// of its own objects, and brings it back into the queue.
type Writes[K comparable] struct {
	mu      sync.Mutex
	created map[K]string
	deleted map[K]map[types.UID]struct{}
}

// Created notes that an object of key was written and got resourceVersion rv.
func (w *Writes[K]) Created(key K, rv string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.created == nil {
		w.created = map[K]string{}
	}
	if old, ok := w.created[key]; !ok || older(old, rv) {
		w.created[key] = rv
	}
}

// Deleted notes that key's object with that UID was asked to go.
func (w *Writes[K]) Deleted(key K, uid types.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deleted == nil {
		w.deleted = map[K]map[types.UID]struct{}{}
	}
	if w.deleted[key] == nil {
		w.deleted[key] = map[types.UID]struct{}{}
	}
	w.deleted[key][uid] = struct{}{}
}

// Seen says whether a store at resourceVersion rv holds all that was created
// for key. Where versions cannot be compared it says yes.
func (w *Writes[K]) Seen(key K, rv string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	wrote, ok := w.created[key]
	if !ok {
		return true
	}
	if older(rv, wrote) {
		return false
	}
	delete(w.created, key)
	return true
}

// Going returns those of key's objects, as an informer shows them, that were
// asked to go but do not show it yet. It forgets the others.
func Going[K comparable, T metav1.Object](w *Writes[K], key K, objects []T) map[types.UID]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := w.deleted[key]
	if len(asked) == 0 {
		return nil
	}
	going := map[types.UID]bool{}
	for _, o := range objects {
		if _, ok := asked[o.GetUID()]; ok && o.GetDeletionTimestamp() == nil {
			going[o.GetUID()] = true
		}
	}
	for uid := range asked {
		if !going[uid] {
			delete(asked, uid)
		}
	}
	if len(asked) == 0 {
		delete(w.deleted, key)
	}
	return going
}

// Forget drops all that is known of key, which is no more.
func (w *Writes[K]) Forget(key K) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.created, key)
	delete(w.deleted, key)
}

func older(a, b string) bool {
	c, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && c < 0
}
