package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"skiff/internal/api"
)

// Store is all objects in etcd. Make it with Open.
type Store struct {
	prefix   string // "/registry"
	member   member
	client   *clientv3.Client
	kv       pb.KVClient // the same servers, for writes
	leases   *leases
	requests requests
	progress progress
	drafts   drafts
	beat     heartbeat
	written  atomic.Int64

	stop context.CancelFunc
	ctx  context.Context // ends with Close
	done sync.WaitGroup
	once sync.Once

	mu     sync.RWMutex
	tables map[string]*table // by key prefix: "/registry/pods/"
	wake   chan struct{}     // asks the follower for progress
}

// member is where the data is: in this process or elsewhere.
type member interface {
	// current is a revision no older than any write acknowledged, by
	// anyone, before the call.
	current(context.Context) (int64, error)
	// failed gives a channel that closes when the data can no longer be
	// reached by this process at all, and then the reason.
	failed() (<-chan struct{}, error)
	// untilFailure is ctx, ended also when the data can no longer be reached.
	untilFailure(context.Context) (_ context.Context, release func())
	// room refuses, with ErrNoRoom, a write that makes the data grow by so
	// many bytes, if the disk has no room for it.
	room(growth int) error
	// overQuota hears that a write was refused because the database is as
	// large as it may become.
	overQuota()
	close()
}

// waitLimit bounds how long a read waits for a revision.
const waitLimit = 3 * time.Second

// Open starts the embedded etcd, or reaches the external one, and follows it.
// It returns once reads and writes can be served. The store ends with Close,
// not with ctx.
func Open(ctx context.Context, c Config) (*Store, error) {
	c = c.withDefaults()
	s := &Store{prefix: strings.TrimSuffix(c.Prefix, "/"), requests: newRequests(), tables: map[string]*table{}, wake: make(chan struct{}, 1)}
	if len(c.Endpoints) > 0 {
		e, err := dialExternal(ctx, c)
		if err != nil {
			return nil, err
		}
		s.member, s.client, s.kv = e, e.client, clientv3.RetryKVClient(e.client)
	} else {
		e, err := startEmbedded(ctx, c)
		if err != nil {
			return nil, err
		}
		s.member, s.client, s.kv = e, e.client, e.kv()
	}
	start, err := s.member.current(ctx)
	if err != nil {
		s.member.close()
		return nil, fmt.Errorf("cannot read from etcd: %w", err)
	}
	s.leases = newLeases(s.client)
	s.progress.advance(start)
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.done.Go(func() { s.follow(s.ctx, start+1) })
	if len(c.Endpoints) > 0 { // the embedded etcd compacts itself
		s.done.Go(func() { s.compact(s.ctx, c.History) })
	}
	return s, nil
}

// Close ends all watches and stops the embedded etcd. A second call does
// nothing.
func (s *Store) Close() { s.once.Do(s.close) }

func (s *Store) close() {
	s.stop()
	s.done.Wait()
	for _, t := range s.allTables() {
		t.close()
	}
	s.member.close()
}

// Revision is the present revision of etcd. Of one that has given up it is the
// last: nobody can write to it any more.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	if s.Err() != nil {
		return max(s.Written(), s.progress.get()), nil
	}
	revision, err := s.member.current(ctx)
	if err != nil {
		return 0, fmt.Errorf("cannot read from etcd: %w", err)
	}
	return revision, nil
}

// Failed closes when the embedded etcd has given up, as it does when the disk
// takes no more writes; Err then says why. Nothing is lost, but only a new
// process can go on.
func (s *Store) Failed() <-chan struct{} {
	failed, _ := s.member.failed()
	return failed
}

// Err is the reason once Failed is closed: ErrNoRoom, if it was the disk.
func (s *Store) Err() error {
	_, reason := s.member.failed()
	if noRoom(reason) {
		return fmt.Errorf("%w, and etcd has given up (%w): it goes on when there is room again", ErrNoRoom, reason)
	}
	if reason != nil {
		return fmt.Errorf("etcd has given up: %w; make room on the disk if it is full, and start again", reason)
	}
	return nil
}

// healthLimit is how long etcd may take to answer and be called healthy: who
// asks wants to know now.
const healthLimit = 2 * time.Second

// Healthy says why etcd cannot serve, or nil.
func (s *Store) Healthy(ctx context.Context) error {
	if err := s.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	if _, err := s.client.Get(ctx, s.prefix+"/", clientv3.WithCountOnly()); err != nil {
		return fmt.Errorf("etcd does not answer: %w", err)
	}
	return nil
}

// Loaded says whether every table is in memory.
func (s *Store) Loaded(context.Context) error {
	for _, t := range s.allTables() {
		select {
		case <-t.ready:
		default:
			return fmt.Errorf("%s is being loaded", t.prefix)
		}
	}
	return nil
}

// Table is the table of a resource, which must be stored (have a Prefix, and
// no StoredAs). It is made at the first call and loads in the background.
func (s *Store) Table(r *api.Resource) Table {
	prefix := s.prefix + "/" + r.Prefix + "/"
	s.mu.RLock()
	t := s.tables[prefix]
	s.mu.RUnlock()
	if t != nil {
		return t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[prefix]; t != nil {
		return t
	}
	t = newTable(s, r, prefix)
	s.tables[prefix] = t
	s.done.Go(t.load)
	return t
}

func (s *Store) allTables() []*table {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*table, 0, len(s.tables))
	for _, t := range s.tables {
		all = append(all, t)
	}
	return all
}

// tableOf finds the table that a key belongs to, and the key within it.
func (s *Store) tableOf(key string) (*table, string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := len(s.prefix) + 1; i < len(key); i++ {
		if key[i] != '/' {
			continue
		}
		if t := s.tables[key[:i+1]]; t != nil && t.owns(key[i+1:]) {
			return t, key[i+1:]
		}
	}
	return nil, ""
}

// waitFor waits until the cache has reached a revision.
func (s *Store) waitFor(ctx context.Context, revision int64) error {
	if revision == Latest {
		var err error
		if revision, err = s.Revision(ctx); err != nil {
			return err
		}
	}
	reached := s.progress.reached(revision)
	if reached == nil {
		return nil
	}
	nudge := time.NewTimer(nudgeAfter)
	defer nudge.Stop()
	limit := time.NewTimer(waitLimit)
	defer limit.Stop()
	for {
		select {
		case <-reached:
			return nil
		case <-nudge.C:
			s.askProgress()
			nudge.Reset(10 * nudgeAfter)
		case <-limit.C:
			s.progress.forget(reached)
			return ErrFuture
		case <-ctx.Done():
			s.progress.forget(reached)
			return ctx.Err()
		}
	}
}

// nudgeAfter is how long the watch may take to bring a change before etcd is
// asked whether there was any: the revision may be of a key that is none of
// ours.
const nudgeAfter = 10 * time.Millisecond

func (s *Store) askProgress() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
