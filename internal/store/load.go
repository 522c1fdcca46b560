package store

import (
	"context"
	"log/slog"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const pageSize = 500

// load fills the table and makes it ready. Changes that arrive meanwhile wait
// in the backlog.
func (t *table) load() {
	ctx := t.store.ctx
	for ctx.Err() == nil {
		content := newTree(t.codec.resource)
		revision, err := t.scan(ctx, 0, func(c change) {
			if it := t.itemOf(c); it != nil {
				content.put(it)
			}
		})
		if err != nil {
			if ctx.Err() == nil {
				slog.Warn("loading is tried again", "prefix", t.prefix, "error", err)
				pause(ctx, 500*time.Millisecond)
			}
			continue
		}
		if t.install(content, revision) {
			return
		}
	}
}

// install makes what was loaded the table's content. It refuses one that is
// older than what the follower has skipped.
func (t *table) install(content tree, revision int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if revision < t.minLoad {
		return false
	}
	t.tree, t.revision, t.loaded = content, revision, true
	t.history.start = revision
	t.applyLocked(t.backlog)
	t.backlog = nil
	close(t.ready)
	return true
}

// scan calls f with every object at one revision, in the order of the keys,
// and returns that revision; at 0 it is the present one.
func (t *table) scan(ctx context.Context, revision int64, f func(change)) (int64, error) {
	end := clientv3.GetPrefixRangeEnd(t.prefix)
	for from := t.prefix; ; {
		start := time.Now()
		page, err := t.store.client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithLimit(pageSize), clientv3.WithRev(revision))
		t.asked("list", start, err)
		if err != nil {
			return 0, err
		}
		if revision == 0 {
			revision = page.Header.Revision
		}
		for _, kv := range page.Kvs {
			from = string(kv.Key)
			if key := from[len(t.prefix):]; t.owns(key) {
				f(change{key: key, value: kv.Value, revision: kv.ModRevision})
			}
		}
		if !page.More || len(page.Kvs) == 0 {
			return revision, nil
		}
		from += "\x00"
	}
}

// reload brings the table to a revision whose changes cannot be followed one
// by one. Watchers are told the difference: changed objects at their own
// revisions, then, since nobody knows when, deleted ones at the last.
func (t *table) reload(ctx context.Context, revision int64) error {
	t.mu.Lock()
	if !t.loaded {
		t.minLoad, t.backlog = revision, nil
		t.mu.Unlock()
		return nil
	}
	t.mu.Unlock()

	// Only the follower, which calls this, changes a loaded table.
	seen := map[string]bool{}
	var entries []entry
	_, err := t.scan(ctx, revision, func(c change) {
		seen[c.key] = true
		if had, found := t.tree.get(c.key); found && had.revision == c.revision {
			return
		}
		entries = append(entries, entry{key: c.key, item: t.itemOf(c), revision: c.revision})
	})
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b entry) int { return int(a.revision - b.revision) })
	t.tree.ascend("", func(it *item) bool {
		if !seen[it.key] {
			entries = append(entries, entry{key: it.key, revision: revision})
		}
		return true
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.applyLocked(entries)
	t.revision = max(t.revision, revision)
	return nil
}
