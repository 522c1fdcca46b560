package store

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// progress is how far the cache has followed etcd: every change up to the
// revision is in the tables.
type progress struct {
	revision atomic.Int64

	mu      sync.Mutex
	waiters []waiter
}

type waiter struct {
	revision int64
	done     chan struct{}
}

func (p *progress) get() int64 { return p.revision.Load() }

// advance announces a new revision; it never goes back.
func (p *progress) advance(revision int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if revision <= p.revision.Load() {
		return
	}
	p.revision.Store(revision)
	p.waiters = slices.DeleteFunc(p.waiters, func(w waiter) bool {
		if w.revision > revision {
			return false
		}
		close(w.done)
		return true
	})
}

// reached is closed once the revision is there; nil when it already is.
func (p *progress) reached(revision int64) <-chan struct{} {
	if p.revision.Load() >= revision {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revision.Load() >= revision {
		return nil
	}
	done := make(chan struct{})
	p.waiters = append(p.waiters, waiter{revision, done})
	return done
}

// forget drops a waiter whose reader gave up.
func (p *progress) forget(done <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiters = slices.DeleteFunc(p.waiters, func(w waiter) bool { return w.done == done })
}

// waitReady waits for a channel to close or the context to end.
func waitReady(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	default:
	}
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
