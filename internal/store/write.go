package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

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
	response, err := t.commit(ctx, key, d, revision)
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

// commit runs the transaction, with a lease when objects of this kind end by
// themselves. A shared lease may have been revoked meanwhile; one new one is
// tried.
func (t *table) commit(ctx context.Context, key string, d *draft, revision int64) (*clientv3.TxnResponse, error) {
	ttl := t.codec.resource.TTL
	if ttl == 0 {
		return t.transact(ctx, key, revision, clientv3.OpPut(key, string(d.value)))
	}
	for attempt := 0; ; attempt++ {
		lease, err := t.store.leases.get(ctx, ttl)
		if err != nil {
			return nil, err
		}
		response, err := t.transact(ctx, key, revision, clientv3.OpPut(key, string(d.value), clientv3.WithLease(lease)))
		if errors.Is(err, rpctypes.ErrLeaseNotFound) && attempt == 0 {
			t.store.leases.forget(ttl)
			continue
		}
		return response, err
	}
}

// transact runs op if key is at the revision given, and otherwise looks
// whether it is there at all.
func (t *table) transact(ctx context.Context, key string, revision int64, op clientv3.Op) (*clientv3.TxnResponse, error) {
	if err := t.store.Err(); err != nil {
		return nil, err
	}
	ctx, release := t.store.member.untilFailure(ctx)
	defer release()
	start := time.Now()
	response, err := t.store.client.Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).
		Then(op).
		Else(clientv3.OpGet(key, clientv3.WithKeysOnly())).
		Commit()
	t.asked(operationOf(op, revision), start, err)
	if failed := t.store.Err(); err != nil && failed != nil {
		return nil, failed
	}
	return response, err
}

// lost says why a transaction's condition did not hold.
func (t *table) lost(response *clientv3.TxnResponse, revision int64) error {
	if revision != 0 && len(response.Responses[0].GetResponseRange().Kvs) == 0 {
		return ErrNotFound
	}
	return ErrConflict
}

// Delete removes old.
func (t *table) Delete(ctx context.Context, old Item) (Item, error) {
	was := old.(*item)
	key := t.prefix + was.key
	response, err := t.transact(ctx, key, was.revision, clientv3.OpDelete(key))
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
