package apiserver

import (
	"context"
	"iter"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
)

// view is the table of a kind whose objects are stored as another kind: it
// converts on the way in and out, and keeps nothing.
type view struct {
	r  *api.Resource // the kind shown
	of store.Table   // of r.StoredAs
}

var _ store.Table = (*view)(nil)

// viewed is an item in the view's kind, with the stored one behind it.
type viewed struct {
	store.Item // in the view's kind
	stored     store.Item
}

func (v *viewed) Revision() int64 { return v.stored.Revision() }

func (v *view) item(i store.Item) (store.Item, error) {
	obj, err := v.r.FromStored(i.Object().DeepCopyObject().(api.Object))
	if err != nil {
		return nil, err
	}
	return &viewed{Item: codec.Item(obj, v.r.GroupVersionKind), stored: i}, nil
}

func (v *view) out(i store.Item, err error) (store.Item, error) {
	if err != nil {
		return nil, err
	}
	return v.item(i)
}

func (v *view) Get(ctx context.Context, namespace, name string, minRevision int64) (store.Item, error) {
	return v.out(v.of.Get(ctx, namespace, name, minRevision))
}

func (v *view) List(ctx context.Context, o store.ListOptions) (*store.List, error) {
	l, err := v.of.List(ctx, o)
	if err != nil {
		return nil, err
	}
	out := *l
	out.Items = v.items(l.Items)
	return &out, nil
}

func (v *view) items(in iter.Seq[store.Item]) iter.Seq[store.Item] {
	return func(yield func(store.Item) bool) {
		for i := range in {
			if shown, err := v.item(i); err == nil && !yield(shown) {
				return
			}
		}
	}
}

func (v *view) Create(ctx context.Context, obj api.Object) (store.Item, error) {
	stored, err := v.r.ToStored(obj)
	if err != nil {
		return nil, err
	}
	return v.out(v.of.Create(ctx, stored))
}

func (v *view) Update(ctx context.Context, old store.Item, obj api.Object) (store.Item, error) {
	stored, err := v.r.ToStored(obj)
	if err != nil {
		return nil, err
	}
	return v.out(v.of.Update(ctx, old.(*viewed).stored, stored))
}

func (v *view) Delete(ctx context.Context, old store.Item) (store.Item, error) {
	return v.out(v.of.Delete(ctx, old.(*viewed).stored))
}

func (v *view) Count() int { return v.of.Count() }

func (v *view) Size() int64 { return v.of.Size() }

func (v *view) Watchers(namespace, name string) int { return v.of.Watchers(namespace, name) }

func (v *view) Watch(ctx context.Context, o store.WatchOptions) (store.Watch, error) {
	w, err := v.of.Watch(ctx, o)
	if err != nil {
		return nil, err
	}
	out := &viewWatch{Watch: w, events: make(chan store.Event)}
	go out.run(ctx, v)
	return out, nil
}

// viewWatch converts the events of a watch.
type viewWatch struct {
	store.Watch
	events chan store.Event
}

func (w *viewWatch) Events() <-chan store.Event { return w.events }

// Direct does nothing: events are to be converted first.
func (w *viewWatch) Direct(store.Take) bool { return false }

func (w *viewWatch) run(ctx context.Context, v *view) {
	defer close(w.events)
	for ev := range w.Watch.Events() {
		if ev.Item != nil {
			shown, err := v.item(ev.Item)
			if err != nil {
				continue
			}
			ev.Item = shown
		}
		select {
		case w.events <- ev:
		case <-ctx.Done():
			w.Watch.Stop()
			return
		}
	}
}
