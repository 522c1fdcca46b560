package resourcequota

import (
	"context"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/client"
	"skiff/internal/reconcile"
)

// counters count the objects of the kinds that quotas name. Each follows one
// resource and holds the names of its objects, nothing else.
type counters struct {
	clients client.Clients
	changed func(gr schema.GroupResource, namespace string)

	mu      sync.Mutex
	running sync.WaitGroup
	all     map[schema.GroupResource]*counter
}

func newCounters(clients client.Clients, changed func(schema.GroupResource, string)) *counters {
	return &counters{clients: clients, changed: changed, all: map[schema.GroupResource]*counter{}}
}

// follow starts the counters that are wanted and not there, waits for their
// first lists, and stops the others.
func (c *counters) follow(ctx context.Context, wanted map[schema.GroupResource]bool) error {
	c.mu.Lock()
	var missing []schema.GroupResource
	for gr := range wanted {
		if c.all[gr] == nil {
			missing = append(missing, gr)
		}
	}
	for gr, n := range c.all {
		if !wanted[gr] {
			n.stop()
			delete(c.all, gr)
		}
	}
	c.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	served, err := client.Discover(ctx, c.clients.Kube.Discovery())
	if err != nil {
		return fmt.Errorf("which kinds can be counted: %w", err)
	}
	for _, gr := range missing {
		for gvr := range served {
			if gvr.GroupResource() == gr {
				c.start(ctx, gvr)
				break
			}
		}
	}
	return nil
}

// start runs a counter until ctx ends or it is stopped, and returns when it has
// its first list.
func (c *counters) start(ctx context.Context, gvr schema.GroupVersionResource) {
	running, stop := context.WithCancel(ctx)
	n := &counter{
		stop: stop, listed: make(chan struct{}), names: map[string]map[string]bool{},
		changed: func(namespace string) { c.changed(gvr.GroupResource(), namespace) },
	}
	resource := c.clients.Metadata.Resource(gvr)
	source := cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return resource.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return resource.Watch(ctx, o)
		},
	}, c.clients.Metadata)
	reflector := cache.NewReflectorWithOptions(source, &metav1.PartialObjectMetadata{}, n,
		cache.ReflectorOptions{Name: "resource quota", TypeDescription: gvr.String()})
	c.mu.Lock()
	c.all[gvr.GroupResource()] = n
	c.mu.Unlock()
	c.running.Go(func() { reflector.RunWithContext(running) })
	select {
	case <-n.listed:
	case <-ctx.Done():
	}
}

// wait returns when all counters have ended; their context must have.
func (c *counters) wait() { c.running.Wait() }

// count is how many objects of a resource a namespace has.
func (c *counters) count(gr schema.GroupResource, namespace string) int {
	c.mu.Lock()
	n := c.all[gr]
	c.mu.Unlock()
	if n == nil {
		return 0 // the API server does not serve it
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.names[namespace])
}

// counter is the store behind a reflector.
type counter struct {
	stop    context.CancelFunc
	changed func(namespace string)
	once    sync.Once
	listed  chan struct{} // closed after the first list

	mu    sync.Mutex
	names map[string]map[string]bool // by namespace
}

// Add is called with every new object.
func (n *counter) Add(o any) error {
	n.set(o, true)
	return nil
}

// Update is called with every changed object.
func (n *counter) Update(o any) error { return n.Add(o) }

// Delete is called with the last state of an object.
func (n *counter) Delete(o any) error {
	n.set(o, false)
	return nil
}

func (n *counter) set(o any, there bool) {
	meta := client.Object[*metav1.PartialObjectMetadata](o)
	if meta == nil {
		return
	}
	n.mu.Lock()
	was := n.names[meta.Namespace][meta.Name]
	n.put(reconcile.KeyOf(meta), there)
	n.mu.Unlock()
	if was != there {
		n.changed(meta.Namespace)
	}
}

func (n *counter) put(key reconcile.Key, there bool) {
	in := n.names[key.Namespace]
	switch {
	case !there:
		delete(in, key.Name)
	case in == nil:
		n.names[key.Namespace] = map[string]bool{key.Name: true}
	default:
		in[key.Name] = true
	}
	if len(n.names[key.Namespace]) == 0 {
		delete(n.names, key.Namespace)
	}
}

// Replace is called with a complete list.
func (n *counter) Replace(list []any, _ string) error {
	n.mu.Lock()
	old := n.names
	n.names = map[string]map[string]bool{}
	for _, o := range list {
		if meta := client.Object[*metav1.PartialObjectMetadata](o); meta != nil {
			n.put(reconcile.KeyOf(meta), true)
		}
	}
	touched := map[string]bool{}
	for namespace := range old {
		touched[namespace] = true
	}
	for namespace := range n.names {
		touched[namespace] = true
	}
	n.mu.Unlock()
	n.once.Do(func() { close(n.listed) })
	for namespace := range touched {
		n.changed(namespace)
	}
	return nil
}

// Resync is never asked for.
func (n *counter) Resync() error { return nil }
