package garbagecollector

import (
	"context"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/client"
)

// monitor follows one resource's metadata into the graph. It keeps nothing
// itself: the graph is the store behind the reflector.
type monitor struct {
	resource schema.GroupVersionResource
	graph    *graph
	changed  func(schema.GroupResource) // an object of the resource came, changed or went
	once     sync.Once
	synced   chan struct{} // closed after the first list
	stop     context.CancelFunc
}

func (c *Controller) startMonitor(ctx context.Context, r schema.GroupVersionResource) *monitor {
	ctx, cancel := context.WithCancel(ctx)
	m := &monitor{resource: r, graph: c.graph, changed: c.noticed, synced: make(chan struct{}), stop: cancel}
	reflector := cache.NewReflectorWithOptions(listWatch(c.meta, r), &metav1.PartialObjectMetadata{}, m,
		cache.ReflectorOptions{Name: "garbage collector", TypeDescription: r.String()})
	c.running.Go(func() { reflector.RunWithContext(ctx) })
	return m
}

func listWatch(c metadata.Interface, r schema.GroupVersionResource) cache.ListerWatcher {
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return c.Resource(r).List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return c.Resource(r).Watch(ctx, o)
		},
	}, c)
}

// Add is called with every new object.
func (m *monitor) Add(o any) error { return m.Update(o) }

// Update is called with every changed object.
func (m *monitor) Update(o any) error {
	if meta := client.Object[*metav1.PartialObjectMetadata](o); meta != nil {
		m.graph.observe(m.resource, meta)
		m.changed(m.resource.GroupResource())
	}
	return nil
}

// Delete is called with the last state of an object.
func (m *monitor) Delete(o any) error {
	if meta := client.Object[*metav1.PartialObjectMetadata](o); meta != nil {
		m.graph.gone(meta.UID)
		m.changed(m.resource.GroupResource())
	}
	return nil
}

// Replace is called with a complete list.
func (m *monitor) Replace(list []any, _ string) error {
	listed := make(map[types.UID]bool, len(list))
	for _, o := range list {
		if meta := client.Object[*metav1.PartialObjectMetadata](o); meta != nil {
			listed[meta.UID] = true
			m.graph.observe(m.resource, meta)
		}
	}
	m.graph.onlyThese(m.resource.GroupResource(), listed)
	m.once.Do(func() { close(m.synced) })
	return nil
}

// Resync is never asked for.
func (m *monitor) Resync() error { return nil }

// kindInfo is how a kind is reached.
type kindInfo struct {
	resource   schema.GroupVersionResource
	namespaced bool
}

// ignored are resources whose objects own nothing and are owned by nothing,
// and change all the time.
var ignored = []schema.GroupResource{{Resource: "events"}, {Group: "events.k8s.io", Resource: "events"}}

// discover lists the resources to follow, and how each kind is reached. What
// does not answer is in failed: its monitors are left as they are.
func discover(d discovery.DiscoveryInterface) (follow []schema.GroupVersionResource, kinds map[schema.GroupKind]kindInfo, failed error) {
	lists, failed := d.ServerPreferredResources()
	kinds = map[schema.GroupKind]kindInfo{}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range list.APIResources {
			gvr := gv.WithResource(r.Name)
			kinds[gv.WithKind(r.Kind).GroupKind()] = kindInfo{gvr, r.Namespaced}
			all := !slices.ContainsFunc([]string{"delete", "list", "watch"}, func(verb string) bool { return !slices.Contains(r.Verbs, verb) })
			if all && !slices.Contains(ignored, gvr.GroupResource()) {
				follow = append(follow, gvr)
			}
		}
	}
	return follow, kinds, failed
}
