package store

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// compactKey is where Kubernetes' API servers agree on who compacts an
// external etcd: its version counts the compactions, its value is the
// revision of the last one.
const compactKey = "compact_rev_key"

// compact keeps the history of an external etcd to one interval. Any number of
// API servers, upstream's too, may do so at once: the one that raises the
// key's version first does the work, the others learn its revision.
func (s *Store) compact(ctx context.Context, interval time.Duration) {
	var version, revision int64
	for {
		pause(ctx, interval)
		if ctx.Err() != nil {
			return
		}
		nextVersion, nextRevision, err := s.compactOnce(ctx, version, revision)
		if err != nil {
			slog.Warn("compacting etcd is tried again later", "error", err)
			continue
		}
		version, revision = nextVersion, nextRevision
	}
}

// compactOnce compacts to the revision that it saw an interval ago, if nobody
// else has, and returns the version and the revision to go on from.
func (s *Store) compactOnce(ctx context.Context, version, revision int64) (int64, int64, error) {
	response, err := s.client.Txn(ctx).
		If(clientv3.Compare(clientv3.Version(compactKey), "=", version)).
		Then(clientv3.OpPut(compactKey, strconv.FormatInt(revision, 10))).
		Else(clientv3.OpGet(compactKey)).
		Commit()
	if err != nil {
		return version, revision, err
	}
	now := response.Header.Revision
	if !response.Succeeded {
		if kvs := response.Responses[0].GetResponseRange().Kvs; len(kvs) > 0 {
			version = kvs[0].Version
		}
		return version, now, nil
	}
	if revision > 0 {
		if _, err := s.client.Compact(ctx, revision); err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
			return version + 1, now, err
		}
	}
	return version + 1, now, nil
}
