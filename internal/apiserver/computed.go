package apiserver

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/fields"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
)

// ComputedFunc makes up all objects of a kind that is not stored, in the order
// of their names. It is called at each read.
type ComputedFunc func(ctx context.Context) []api.Object

// computed is the table of such a kind: it can be read and nothing else. Its
// revision is 0, since nothing remembers what it held.
type computed struct {
	r    *api.Resource
	make ComputedFunc
}

var _ store.Table = computed{}

var errComputed = errors.New("the objects of this kind are made up when asked for; they cannot be written or watched")

func (c computed) Get(ctx context.Context, _, name string, _ int64) (store.Item, error) {
	for _, obj := range c.make(ctx) {
		if obj.GetName() == name {
			return codec.Item(obj, c.r.GroupVersionKind), nil
		}
	}
	return nil, store.ErrNotFound
}

// List has all in one page: there are few.
func (c computed) List(ctx context.Context, o store.ListOptions) (*store.List, error) {
	var items []store.Item
	for _, obj := range c.make(ctx) {
		item := codec.Item(obj, c.r.GroupVersionKind)
		named := fields.Set{"metadata.name": item.Name()}
		if (o.Labels == nil || o.Labels.Matches(item.Labels())) && (o.Fields == nil || o.Fields.Matches(named)) {
			items = append(items, item)
		}
	}
	l := listed(items)
	l.Remaining, l.Next = func() int64 { return 0 }, func() string { return "" }
	return l, nil
}

func (c computed) refuse() error { return fmt.Errorf("%s: %w", c.r.Plural, errComputed) }

func (c computed) Watch(context.Context, store.WatchOptions) (store.Watch, error) {
	return nil, c.refuse()
}

func (c computed) Create(context.Context, api.Object) (store.Item, error) { return nil, c.refuse() }

func (c computed) Update(context.Context, store.Item, api.Object) (store.Item, error) {
	return nil, c.refuse()
}

func (c computed) Delete(context.Context, store.Item) (store.Item, error) { return nil, c.refuse() }

func (c computed) Count() int { return 0 }

func (c computed) Size() int64 { return 0 }

func (c computed) Watchers(string, string) int { return 0 }
