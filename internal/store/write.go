package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"skiff/internal/api"
)

// Create stores a new object.
func (t *table) Create(ctx context.Context, obj api.Object) (Item, error) {
	d, err := t.codec.draft(obj)
	if err != nil {
		return nil, err
	}
	if err := t.store.member.room(max(len(d.value), trifle+1)); err != nil {
		return nil, err
	}
	it, err := t.put(ctx, d, 0)
	if errors.Is(err, ErrConflict) {
		err = ErrExists
	}
	return it, err
}

// Update replaces old by obj.
func (t *table) Update(ctx context.Context, old Item, obj api.Object) (Item, error) {
	d, err := t.codec.draft(obj)
	if err != nil {
		return nil, err
	}
	if was := old.(*item); d.key != was.key {
		return nil, fmt.Errorf("an update cannot rename %s %q to %q", t.codec.resource.Plural, was.key, d.key)
	}
	if err := t.store.member.room(len(d.value) - len(old.Proto())); err != nil {
		return nil, err
	}
	return t.put(ctx, d, old.Revision())
}

// put writes the draft if the key is still at the revision given; 0: if it
// does not exist.
func (t *table) put(ctx context.Context, d *draft, revision int64) (Item, error) {
	key := t.prefix + d.key
	t.store.drafts.add(key, d)
	response, err := t.commit(ctx, &write{key: key, revision: revision, value: d.value})
	if err != nil {
		t.store.drafts.remove(key, d)
		if errors.Is(err, rpctypes.ErrNoSpace) {
			t.store.member.overQuota()
		}
		return nil, writeError(err)
	}
	if !response.Succeeded {
		t.store.drafts.remove(key, d)
		return nil, t.lost(response, revision)
	}
	t.store.wrote(response.Header.Revision)
	return d.item(response.Header.Revision)
}

// write is a change to one key, if it is still at the revision given.
type write struct {
	key      string
	revision int64  // 0: it does not exist
	value    []byte // nil: it is to be deleted
	lease    clientv3.LeaseID
}

// operation names it, for metrics.
func (w *write) operation() string {
	switch {
	case w.value == nil:
		return "delete"
	case w.revision == 0:
		return "create"
	}
	return "update"
}

// request is the transaction that etcd is asked for: if the condition does not
// hold, it looks whether the key is there at all. The client library says the
// same, but copies the value to do so.
func (w *write) request() *pb.TxnRequest {
	key := []byte(w.key)
	then := &pb.RequestOp{}
	if w.value == nil {
		then.Request = &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{Key: key}}
	} else {
		then.Request = &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: key, Value: w.value, Lease: int64(w.lease)}}
	}
	return &pb.TxnRequest{
		Compare: []*pb.Compare{{
			Result: pb.Compare_EQUAL, Target: pb.Compare_MOD, Key: key,
			TargetUnion: &pb.Compare_ModRevision{ModRevision: w.revision},
		}},
		Success: []*pb.RequestOp{then},
		Failure: []*pb.RequestOp{{Request: &pb.RequestOp_RequestRange{RequestRange: &pb.RangeRequest{Key: key, KeysOnly: true}}}},
	}
}

// commit makes the write, with a lease when objects of this kind end by
// themselves. A shared lease may have been revoked meanwhile; one new one is
// tried.
func (t *table) commit(ctx context.Context, w *write) (*pb.TxnResponse, error) {
	ttl := t.codec.resource.TTL
	if ttl == 0 || w.value == nil {
		return t.transact(ctx, w)
	}
	for attempt := 0; ; attempt++ {
		var err error
		if w.lease, err = t.store.leases.get(ctx, ttl); err != nil {
			return nil, err
		}
		response, err := t.transact(ctx, w)
		if errors.Is(err, rpctypes.ErrLeaseNotFound) && attempt == 0 {
			t.store.leases.forget(ttl)
			continue
		}
		return response, err
	}
}

// transact asks etcd for the write, and notes what it took.
func (t *table) transact(ctx context.Context, w *write) (*pb.TxnResponse, error) {
	if err := t.store.Err(); err != nil {
		return nil, err
	}
	ctx, release := t.store.member.untilFailure(ctx)
	defer release()
	start := time.Now()
	response, err := t.store.kv.Txn(ctx, w.request(), grpc.WaitForReady(true))
	err = clientv3.ContextError(ctx, err)
	t.asked(w.operation(), start, err)
	if failed := t.store.Err(); err != nil && failed != nil {
		return nil, failed
	}
	return response, err
}

// lost says why a transaction's condition did not hold.
func (t *table) lost(response *pb.TxnResponse, revision int64) error {
	if revision != 0 && len(response.Responses[0].GetResponseRange().Kvs) == 0 {
		return ErrNotFound
	}
	return ErrConflict
}

// Delete removes old.
func (t *table) Delete(ctx context.Context, old Item) (Item, error) {
	was := old.(*item)
	response, err := t.commit(ctx, &write{key: t.prefix + was.key, revision: was.revision})
	if err != nil {
		return nil, writeError(err)
	}
	if !response.Succeeded {
		return nil, t.lost(response, was.revision)
	}
	t.store.wrote(response.Header.Revision)
	return was.at(response.Header.Revision), nil
}

// wrote notes the revision of a write that is acknowledged.
func (s *Store) wrote(revision int64) {
	for {
		known := s.written.Load()
		if revision <= known || s.written.CompareAndSwap(known, revision) {
			return
		}
	}
}

// Written is the newest revision that this process has written. As a
// MinRevision it lets a reader see all writes of the process without asking
// etcd.
func (s *Store) Written() int64 { return s.written.Load() }

// writeError puts what an operator can do into etcd's errors.
func writeError(err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrNoSpace):
		return fmt.Errorf("etcd's database has reached its quota: delete objects, and try again in a moment: %w", err)
	case errors.Is(err, rpctypes.ErrRequestTooLarge):
		return fmt.Errorf("the object is too large for etcd: %w", err)
	}
	return err
}
