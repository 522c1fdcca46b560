package reconcile

import (
	"context"
	"sync"
	"time"
)

// Target is host state that a Driver keeps: nftables rules, routes, volumes.
// Each verb is idempotent and may be repeated after any failure or restart.
type Target[K comparable, V any] interface {
	// Update makes what key names be as v says.
	Update(ctx context.Context, key K, v V) error
	// Delete removes what key names; nil when it is not there.
	Delete(ctx context.Context, key K) error
	// Prune removes everything that is in the target but not wanted: what an
	// earlier run left.
	Prune(ctx context.Context, wanted map[K]V) error
}

// Driver brings a Target to the state that Set and Remove asked for, and tries
// again what failed.
type Driver[K comparable, V any] struct {
	target Target[K, V]
	loop   *Loop[driverKey[K]]

	mu     sync.Mutex
	wanted map[K]V
}

// driverKey is one key to bring about, or with prune the whole target.
type driverKey[K comparable] struct {
	key   K
	prune bool
}

// NewDriver makes a driver; name is for logs and metrics.
func NewDriver[K comparable, V any](name string, target Target[K, V]) *Driver[K, V] {
	d := &Driver[K, V]{target: target, wanted: map[K]V{}}
	d.loop = New(name, d.reconcile)
	return d
}

// Set asks for key to be as v says.
func (d *Driver[K, V]) Set(key K, v V) {
	d.mu.Lock()
	d.wanted[key] = v
	d.mu.Unlock()
	d.loop.Add(driverKey[K]{key: key})
}

// Remove asks for key to be gone.
func (d *Driver[K, V]) Remove(key K) {
	d.mu.Lock()
	delete(d.wanted, key)
	d.mu.Unlock()
	d.loop.Add(driverKey[K]{key: key})
}

// Prune asks for everything that is not wanted to be gone. It is called when
// all that is wanted has been Set.
func (d *Driver[K, V]) Prune() { d.loop.Add(driverKey[K]{prune: true}) }

// Retry asks for key to be looked at again, wanted or not, after a while.
func (d *Driver[K, V]) Retry(key K, after time.Duration) {
	d.loop.AddAfter(driverKey[K]{key: key}, after)
}

// Run drives the target, one verb at a time, until ctx ends.
func (d *Driver[K, V]) Run(ctx context.Context) error { return d.loop.Run(ctx, 1) }

func (d *Driver[K, V]) reconcile(ctx context.Context, k driverKey[K]) error {
	if k.prune {
		return d.target.Prune(ctx, d.snapshot())
	}
	d.mu.Lock()
	v, ok := d.wanted[k.key]
	d.mu.Unlock()
	if !ok {
		return d.target.Delete(ctx, k.key)
	}
	return d.target.Update(ctx, k.key, v)
}

func (d *Driver[K, V]) snapshot() map[K]V {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := make(map[K]V, len(d.wanted))
	for k, v := range d.wanted {
		m[k] = v
	}
	return m
}
