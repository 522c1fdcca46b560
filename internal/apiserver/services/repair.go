package services

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"

	"skiff/internal/reconcile"
	"skiff/internal/store"
)

// requestTime is how long a request may last: for so long something may be
// taken before its Service is there.
const requestTime = time.Minute

// repairs finds and mends what does not fit together.
type repairs struct {
	a      *Allocator
	events record.EventRecorder
	grace  time.Duration // how long what is taken may wait for its Service

	mu        sync.Mutex // guards the loops, which are there while run runs
	services  *reconcile.Loop[types.NamespacedName]
	addresses *reconcile.Loop[string]
}

func newRepairs(a *Allocator) *repairs { return &repairs{a: a, grace: requestTime} }

// Run keeps what is taken and what Services hold the same, until ctx ends. It
// looks at everything once, and then at what changes.
func (a *Allocator) Run(ctx context.Context, events record.EventRecorder) error {
	return a.repair.run(ctx, events)
}

func (r *repairs) run(ctx context.Context, events record.EventRecorder) error {
	r.events = events
	r.mu.Lock()
	r.services = reconcile.New("service-addresses", r.service)
	r.addresses = reconcile.New("ipaddresses", r.address)
	r.mu.Unlock()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.services.Run(ctx, 1) })
	g.Go(func() error { return r.addresses.Run(ctx, 1) })
	g.Go(func() error { return follow(ctx, r.a.serviceTable(), func() {}, r.sawService) })
	g.Go(func() error { return follow(ctx, r.a.addresses(), func() {}, r.sawAddress) })
	g.Go(func() error { return newPortRepair(r.a, events, r.grace).run(ctx) })
	return g.Wait()
}

// later has an address looked at once its grace is over.
func (r *repairs) later(addr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.addresses != nil {
		r.addresses.AddAfter(addr, r.grace)
	}
}

// follow calls saw with the present state of a table and all changes behind
// it, until ctx ends. begin is called before each time that the whole state is
// sent; more than once only if the reader falls behind.
func follow(ctx context.Context, table store.Table, begin func(), saw func(store.Event)) error {
	const pause = 100 * time.Millisecond
	for {
		w, err := table.Watch(ctx, store.WatchOptions{})
		if err == nil {
			begin()
			for e := range w.Events() {
				saw(e)
			}
			err = w.Err()
			w.Stop()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		slog.Warn("lost sight of Services or their addresses; looking again", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
