package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// One watch over the whole prefix brings every change in etcd's own order.
// It costs the same for one resource as for a thousand, and its position is
// the one revision that all tables have reached.

// change is what happened to one key.
type change struct {
	key      string // within the table
	value    []byte // nil: deleted
	revision int64
}

// follow keeps the tables up to date, from the revision given, until ctx ends.
func (s *Store) follow(ctx context.Context, from int64) {
	for ctx.Err() == nil {
		err := s.followFrom(ctx, from)
		if errors.Is(err, rpctypes.ErrCompacted) {
			err = s.resync(ctx)
		}
		from = s.progress.get() + 1
		if err != nil && ctx.Err() == nil {
			slog.Warn("following etcd was interrupted and goes on", "revision", from, "error", err)
			pause(ctx, 500*time.Millisecond)
		}
	}
}

// followFrom runs one watch until it breaks. The client library itself
// resumes after a lost connection.
func (s *Store) followFrom(ctx context.Context, from int64) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	events := s.client.Watch(ctx, s.prefix+"/", clientv3.WithPrefix(), clientv3.WithRev(from))
	for {
		select {
		case response, ok := <-events:
			if !ok {
				return errors.New("the watch was closed")
			}
			if err := response.Err(); err != nil {
				return err
			}
			s.apply(response)
		case <-s.wake:
			if err := s.client.RequestProgress(ctx); err != nil {
				return err
			}
		}
	}
}

// apply brings one response, which holds whole revisions, into the tables.
func (s *Store) apply(response clientv3.WatchResponse) {
	if response.IsProgressNotify() {
		s.progress.advance(response.Header.Revision)
		return
	}
	var revision int64
	var touched []*table
	batches := map[*table][]change{}
	for _, event := range response.Events {
		revision = event.Kv.ModRevision
		t, key := s.tableOf(string(event.Kv.Key))
		if t == nil {
			continue
		}
		if _, seen := batches[t]; !seen {
			touched = append(touched, t)
		}
		c := change{key: key, revision: revision}
		if event.Type == mvccpb.Event_PUT {
			c.value = event.Kv.Value
		}
		batches[t] = append(batches[t], c)
	}
	for _, t := range touched {
		t.apply(batches[t])
	}
	s.progress.advance(revision)
}

// resync follows a gap: the changes since the last revision are compacted
// away. Every table is read anew at one revision and told the difference.
func (s *Store) resync(ctx context.Context) error {
	revision, err := s.Revision(ctx)
	if err != nil {
		return err
	}
	slog.Warn("etcd compacted changes that were not seen yet; all objects are read again", "revision", revision)
	for _, t := range s.allTables() {
		if err := t.reload(ctx, revision); err != nil {
			return err
		}
	}
	s.drafts.clear()
	s.progress.advance(revision)
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
