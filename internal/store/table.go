package store

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"skiff/internal/api"
)

// table is the cache of one resource. Only the store's follower changes its
// content; readers take snapshots, which share the tree and copy nothing.
type table struct {
	store  *Store
	codec  *codec
	prefix string        // of its keys in etcd: "/registry/pods/"
	ready  chan struct{} // closed once the table is loaded

	mu       sync.RWMutex
	tree     tree
	frozen   *tree // a copy of tree as it is; nil after a change
	revision int64 // of the last change, or of the load
	loaded   bool
	minLoad  int64   // a load must be at least as new
	backlog  []entry // what came while loading
	history  history
	watchers hub
}

var _ Table = (*table)(nil)

// entry is a change as the table takes it: the new item, or nil for a
// deletion.
type entry struct {
	key      string
	item     *item
	revision int64
}

// snapshot is the table at one revision. It never changes.
type snapshot struct {
	tree     tree
	revision int64
	// since is the last revision that changed the table: the snapshot is
	// its state at every revision from since to revision.
	since int64
}

func newTable(s *Store, r *api.Resource, prefix string) *table {
	return &table{store: s, codec: newCodec(r), prefix: prefix, ready: make(chan struct{}), tree: newTree(r)}
}

// owns says whether a key has the shape of this table's keys.
func (t *table) owns(key string) bool {
	slashes := 0
	for i := range len(key) {
		if key[i] == '/' {
			slashes++
		}
	}
	if t.codec.resource.Namespaced {
		return slashes == 1
	}
	return slashes == 0
}

// Count is the number of objects.
func (t *table) Count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.tree.byKey.Len()
}

// Size is how many bytes they take.
func (t *table) Size() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.tree.size
}

// Watchers is how many see every change of an object.
func (t *table) Watchers(namespace, name string) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.watchers.seeing(namespace, t.key(namespace, name))
}

// Get returns the object.
func (t *table) Get(ctx context.Context, namespace, name string, minRevision int64) (Item, error) {
	if err := t.wait(ctx, minRevision); err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	it, found := t.tree.get(t.key(namespace, name))
	if !found {
		return nil, ErrNotFound
	}
	return it, nil
}

func (t *table) key(namespace, name string) string {
	if !t.codec.resource.Namespaced {
		return name
	}
	return namespace + "/" + name
}

// wait waits until the table is loaded and has reached a revision.
func (t *table) wait(ctx context.Context, minRevision int64) error {
	if minRevision != 0 {
		if err := t.store.waitFor(ctx, minRevision); err != nil {
			return err
		}
	}
	return waitReady(ctx, t.ready)
}

// view is the table as it is now; it must be loaded.
func (t *table) view() snapshot {
	// Progress is read first: every change up to it is in the table.
	reached := t.store.progress.get()
	t.mu.RLock()
	if tree := t.frozen; tree != nil {
		defer t.mu.RUnlock()
		return snapshot{tree: *tree, revision: max(reached, t.revision), since: t.revision}
	}
	t.mu.RUnlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.viewLocked(reached)
}

func (t *table) viewLocked(reached int64) snapshot {
	if t.frozen == nil {
		frozen := t.tree.clone()
		t.frozen = &frozen
	}
	return snapshot{tree: *t.frozen, revision: max(reached, t.revision), since: t.revision}
}

// apply takes changes in etcd's order, whole revisions at a time.
func (t *table) apply(changes []change) {
	entries := make([]entry, len(changes))
	for i, c := range changes {
		entries[i] = entry{key: c.key, item: t.itemOf(c), revision: c.revision}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.loaded {
		t.backlog = append(t.backlog, entries...)
		return
	}
	t.applyLocked(entries)
}

// itemOf makes the item of a change; nil for a deletion, and for a value that
// cannot be read.
func (t *table) itemOf(c change) *item {
	if c.value == nil {
		return nil
	}
	if d := t.store.drafts.take(t.prefix+c.key, c.value); d != nil {
		if it, err := d.item(c.revision); err == nil {
			return it
		}
	}
	it, err := t.codec.item(c.key, c.value, c.revision)
	if err != nil {
		slog.Error("an object in etcd cannot be read and is left out; repair or delete its key", "key", t.prefix+c.key, "error", err)
		return nil
	}
	return it
}

func (t *table) applyLocked(entries []entry) {
	had := t.revision
	for _, e := range entries {
		if e.revision <= had {
			continue
		}
		var previous *item
		if e.item != nil {
			previous = t.tree.put(e.item)
		} else {
			previous = t.tree.remove(e.key)
		}
		t.revision = e.revision
		if e.item == nil && previous == nil {
			continue
		}
		t.frozen = nil
		event := &event{current: e.item, previous: previous, revision: e.revision}
		t.history.add(event, time.Now())
		t.watchers.offer(event)
	}
	t.watchers.offered()
}

// close ends the table's watches.
func (t *table) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.watchers.all() {
		t.dropLocked(w, errClosed)
	}
}
