// Package garbagecollector deletes objects whose owners are gone, and carries
// out foreground and orphaning deletions.
//
// It reads the metadata of all objects that can be deleted, of whatever kind,
// and owns the finalizers foregroundDeletion and orphan. graph.go knows who
// owns whom, collect.go decides and acts, monitor.go follows the API.
package garbagecollector

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"

	"skiff/internal/client"
	"skiff/internal/reconcile"
)

const (
	workers = 8
	// firstLists is how long collection waits for the first list of every
	// resource; one that an absent server should serve must not block it.
	firstLists = 30 * time.Second
	// settle is how long after a change of what the API serves it is asked
	// anew: the server needs a moment to serve a new kind.
	settle = 500 * time.Millisecond
)

// Controller collects garbage.
type Controller struct {
	discovery discovery.DiscoveryInterface
	meta      metadata.Interface
	graph     *graph
	loop      *reconcile.Loop[types.UID]
	rescan    *reconcile.Loop[struct{}]

	mu       sync.Mutex
	kinds    map[schema.GroupKind]kindInfo
	monitors map[schema.GroupVersionResource]*monitor
	running  sync.WaitGroup
}

// New makes the controller.
func New(c client.Clients) *Controller {
	g := &Controller{discovery: c.Kube.Discovery(), meta: c.Metadata, monitors: map[schema.GroupVersionResource]*monitor{}}
	g.loop = reconcile.New("garbage-collector", g.reconcile)
	g.graph = newGraph(g.loop.Add)
	return g
}

// Run collects until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer c.running.Wait()
	defer cancel()
	c.rescan = reconcile.New("garbage-collector-discovery", func(context.Context, struct{}) error { return c.scan(ctx) })
	for c.scan(ctx) != nil && len(c.monitors) == 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(settle):
		}
	}
	c.running.Go(func() { _ = c.rescan.Run(ctx, 1) })
	c.awaitLists(ctx)
	return c.loop.Run(ctx, workers)
}

// scan starts monitors for what the API serves and stops those of what it
// does not serve any more.
func (c *Controller) scan(ctx context.Context) error {
	follow, kinds, failed := discover(c.discovery)
	c.mu.Lock()
	defer c.mu.Unlock()
	if failed == nil || c.kinds == nil {
		c.kinds = kinds
	} else {
		maps.Copy(c.kinds, kinds)
	}
	wanted := map[schema.GroupVersionResource]bool{}
	for _, r := range follow {
		wanted[r] = true
		if c.monitors[r] == nil {
			c.monitors[r] = c.startMonitor(ctx, r)
		}
	}
	for r, m := range c.monitors {
		if !wanted[r] && failed == nil {
			m.stop()
			delete(c.monitors, r)
			c.graph.onlyThese(r.GroupResource(), nil)
		}
	}
	return failed
}

// awaitLists returns when all resources were listed once, or time is up.
func (c *Controller) awaitLists(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstLists)
	defer cancel()
	c.mu.Lock()
	var synced []chan struct{}
	for _, m := range c.monitors {
		synced = append(synced, m.synced)
	}
	c.mu.Unlock()
	for _, s := range synced {
		select {
		case <-s:
		case <-ctx.Done():
			return
		}
	}
}

// noticed asks discovery anew when one of the resources changed that decide
// what the API serves. Nothing else does, so nothing needs to be polled.
func (c *Controller) noticed(r schema.GroupResource) {
	switch r {
	case schema.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"},
		schema.GroupResource{Group: "apiregistration.k8s.io", Resource: "apiservices"}:
		c.rescan.AddAfter(struct{}{}, settle)
	}
}

func (c *Controller) kindOf(apiVersion, kind string) (kindInfo, bool) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return kindInfo{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.kinds[gv.WithKind(kind).GroupKind()]
	return k, ok
}
