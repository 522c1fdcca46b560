package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// leases hands out etcd leases for objects that end by themselves. Objects of
// about the same expiry share one, since each lease costs a write and a place
// in etcd's memory.
type leases struct {
	client *clientv3.Client
	now    func() time.Time

	mu  sync.Mutex
	ttl map[int64]*sharedLease // by seconds of life asked for
}

type sharedLease struct {
	mu    sync.Mutex
	id    clientv3.LeaseID
	until time.Time // no new object after that
	count int
}

const (
	leaseShareTime  = 60 // seconds; at most a twentieth of the life
	leaseShareCount = 1000
)

func newLeases(client *clientv3.Client) *leases {
	return &leases{client: client, now: time.Now, ttl: map[int64]*sharedLease{}}
}

// get returns a lease that lasts at least ttl seconds, and little longer.
func (l *leases) get(ctx context.Context, ttl int64) (clientv3.LeaseID, error) {
	l.mu.Lock()
	shared := l.ttl[ttl]
	if shared == nil {
		shared = &sharedLease{}
		l.ttl[ttl] = shared
	}
	l.mu.Unlock()

	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.id != 0 && shared.count < leaseShareCount && l.now().Before(shared.until) {
		shared.count++
		return shared.id, nil
	}
	spare := min(leaseShareTime, ttl/20)
	until := l.now().Add(time.Duration(spare) * time.Second)
	granted, err := l.client.Grant(ctx, ttl+spare)
	if err != nil {
		return 0, fmt.Errorf("granting a lease of %d seconds: %w", ttl+spare, err)
	}
	shared.id, shared.until, shared.count = granted.ID, until, 1
	return shared.id, nil
}

// forget makes the next get ask for a new lease: the last one is gone.
func (l *leases) forget(ttl int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.ttl, ttl)
}
