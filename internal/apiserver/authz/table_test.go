package authz

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
	"skiff/internal/store"
)

// fakeStorage is a store in memory.
type fakeStorage map[*api.Resource]*fakeTable

func (s fakeStorage) Table(r *api.Resource) store.Table {
	if s[r] == nil {
		s[r] = &fakeTable{items: map[string]fakeItem{}, revision: 1}
	}
	return s[r]
}

func (s fakeStorage) put(r *api.Resource, objects ...api.Object) {
	for _, o := range objects {
		s.Table(r).(*fakeTable).put(o)
	}
}

// fakeTable has what authorization uses; the rest of store.Table panics.
type fakeTable struct {
	store.Table
	mu       sync.Mutex
	revision int64
	items    map[string]fakeItem
	watches  []*fakeWatch
	lists    int
}

func (t *fakeTable) put(o api.Object) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revision++
	item := fakeItem{object: o, revision: t.revision}
	t.items[o.GetNamespace()+"/"+o.GetName()] = item
	t.send(store.Event{Type: store.Modified, Item: item, Revision: t.revision})
}

func (t *fakeTable) remove(o api.Object) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revision++
	delete(t.items, o.GetNamespace()+"/"+o.GetName())
	t.send(store.Event{Type: store.Deleted, Item: fakeItem{object: o, revision: t.revision}, Revision: t.revision})
}

func (t *fakeTable) send(e store.Event) {
	for _, w := range t.watches {
		w.events <- e
	}
}

func (t *fakeTable) Get(_ context.Context, namespace, name string, _ int64) (store.Item, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	item, ok := t.items[namespace+"/"+name]
	if !ok {
		return nil, store.ErrNotFound
	}
	return item, nil
}

func (t *fakeTable) List(_ context.Context, o store.ListOptions) (*store.List, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lists++
	var found []store.Item
	for _, item := range t.items {
		if (o.Namespace == "" || o.Namespace == item.Namespace()) && (o.Fields == nil || o.Fields.Matches(item.Fields())) {
			found = append(found, item)
		}
	}
	return &store.List{Revision: t.revision, Items: func(yield func(store.Item) bool) {
		for _, item := range found {
			if !yield(item) {
				return
			}
		}
	}}, nil
}

func (t *fakeTable) Watch(ctx context.Context, o store.WatchOptions) (store.Watch, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &fakeWatch{events: make(chan store.Event, 100)}
	for _, item := range t.items {
		if item.revision > o.Since {
			w.events <- store.Event{Type: store.Added, Item: item, Revision: item.revision}
		}
	}
	t.watches = append(t.watches, w)
	context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		close(w.events)
		t.watches = nil
	})
	return w, nil
}

type fakeWatch struct{ events chan store.Event }

func (w *fakeWatch) Events() <-chan store.Event { return w.events }
func (w *fakeWatch) Err() error                 { return nil }
func (w *fakeWatch) Direct(store.Take) bool     { return false }

func (w *fakeWatch) Stop() {}

// fakeItem has what authorization uses; its bytes, which it does not, panic.
type fakeItem struct {
	store.Item
	object   api.Object
	revision int64
}

func (i fakeItem) Namespace() string  { return i.object.GetNamespace() }
func (i fakeItem) Name() string       { return i.object.GetName() }
func (i fakeItem) Revision() int64    { return i.revision }
func (i fakeItem) Labels() labels.Set { return i.object.GetLabels() }
func (i fakeItem) Fields() fields.Set {
	if pod, ok := i.object.(*corev1.Pod); ok {
		return fields.Set{"spec.nodeName": pod.Spec.NodeName}
	}
	return nil
}
func (i fakeItem) Object() api.Object { return i.object }
