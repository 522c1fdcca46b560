package client

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Informers are the informers of one component: one for each kind, however often
// it is asked for. They never resync, and keep objects without
// metadata.managedFields, which can be half of an object and which no component
// reads. An update made from such an object leaves the stored managedFields as
// they are.
//
// client-go's own factory is made of a hundred packages, for all kinds and all
// their versions.
type Informers struct {
	*informers
	selector string // of fields
}

// informers are what all of one component's Informers share.
type informers struct {
	kube      kubernetes.Interface
	transform cache.TransformFunc

	mu      sync.Mutex
	made    map[informerKey]cache.SharedIndexInformer
	started map[informerKey]bool
	running sync.WaitGroup
}

type informerKey struct{ kind, selector string }

// NewInformers makes none yet. The transform, if there is one, makes the copies
// smaller that the informers keep. Within the API server's process it has no
// use: they keep the server's own decoded objects, and no copies of them.
func NewInformers(kube kubernetes.Interface, transform ...cache.TransformFunc) *Informers {
	f := &informers{
		kube: kube, transform: Transform(kube),
		made: map[informerKey]cache.SharedIndexInformer{}, started: map[informerKey]bool{},
	}
	if _, shares := kube.(Sharer); len(transform) > 0 && !shares {
		f.transform = transform[0]
	}
	return &Informers{informers: f}
}

// Where are informers of the objects that a field selector chooses. They are
// started and shut down with the others.
func (f *Informers) Where(selector string) *Informers {
	return &Informers{informers: f.informers, selector: selector}
}

// Informer is the informer of one kind, and what reads from it.
type Informer[Lister any] struct {
	shared cache.SharedIndexInformer
	lister func(cache.Indexer) Lister
}

// Informer is told of changes.
func (i Informer[Lister]) Informer() cache.SharedIndexInformer { return i.shared }

// Lister reads what the informer has. What it returns is shared, and must not
// be changed.
func (i Informer[Lister]) Lister() Lister { return i.lister(i.shared.GetIndexer()) }

// source is the client of one kind.
type source[List runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (List, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// of is the informer of a kind: an object of it, its client, and what makes its
// lister.
func of[Lister any, List runtime.Object](f *Informers, kind runtime.Object, from source[List], lister func(cache.Indexer) Lister) Informer[Lister] {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := informerKey{fmt.Sprintf("%T", kind), f.selector}
	if _, known := f.made[key]; !known {
		f.made[key] = f.newInformer(kind, listWatch(from, f.selector))
	}
	return Informer[Lister]{f.made[key], lister}
}

func listWatch[List runtime.Object](from source[List], selector string) *cache.ListWatch {
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			return from.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			return from.Watch(ctx, o)
		},
	}
}

func (f *informers) newInformer(kind runtime.Object, lw *cache.ListWatch) cache.SharedIndexInformer {
	i := cache.NewSharedIndexInformerWithOptions(cache.ToListWatcherWithWatchListSemantics(lw, f.kube), kind,
		cache.SharedIndexInformerOptions{Indexers: cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}})
	_ = i.SetTransform(f.transform) // fails only for an informer that runs
	return i
}

// Start runs, until ctx ends, the informers that were asked for and do not run
// yet.
func (f *informers) Start(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, informer := range f.made {
		if !f.started[key] {
			f.started[key] = true
			f.running.Go(func() { informer.RunWithContext(ctx) })
		}
	}
}

// Sync starts them, and returns when each has its first list, or when ctx ends,
// which is the only error.
func (f *informers) Sync(ctx context.Context) error {
	f.Start(ctx)
	for key, informer := range f.all() {
		select {
		case <-informer.HasSyncedChecker().Done():
		case <-ctx.Done():
			return fmt.Errorf("informer of %s: %w", key.kind, context.Cause(ctx))
		}
	}
	return nil
}

func (f *informers) all() map[informerKey]cache.SharedIndexInformer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.made)
}

// Shutdown waits until none runs any more, once the context that they were
// started with has ended.
func (f *informers) Shutdown() { f.running.Wait() }

// Transform is the transform of NewInformers, for an informer that is made in
// another way.
func Transform(kube kubernetes.Interface) cache.TransformFunc {
	if s, ok := kube.(Sharer); ok {
		return sharing(s)
	}
	return Trim
}

// Trim takes an object's managedFields away.
func Trim(obj any) (any, error) {
	if m, err := meta.Accessor(obj); err == nil && m.GetManagedFields() != nil {
		m.SetManagedFields(nil)
	}
	return obj, nil
}

// Object returns the object of an informer's event, also when the event is a
// deletion that was noticed late; nil when it holds no T.
func Object[T any](obj any) T {
	if tombstone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = tombstone.Obj
	}
	t, _ := obj.(T)
	return t
}
