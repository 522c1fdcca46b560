package store

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// List returns a view of the matching objects.
func (t *table) List(ctx context.Context, o ListOptions) (*List, error) {
	f := newFilter(o.Namespace, o.Name, o.Labels, o.Fields)
	f.pin(t.codec.resource.Namespaced)
	least := o.MinRevision
	if o.ExactRevision != 0 {
		least = o.ExactRevision
	}
	if err := t.wait(ctx, least); err != nil {
		return nil, err
	}
	view := t.view()
	if o.ExactRevision != 0 {
		if o.ExactRevision < view.since {
			return t.listPast(ctx, f, o)
		}
		view.revision = o.ExactRevision
	}
	p := &page{view: view, filter: f, after: o.After, limit: o.Limit}
	return &List{Revision: view.revision, Items: p.items, Remaining: p.remaining, Next: p.next}, nil
}

// page walks a snapshot from one key on, up to a number of matches.
type page struct {
	view   snapshot
	filter filter
	after  string
	limit  int64

	last string // the key of the last item given
	more bool   // a match was left behind it
}

func (p *page) items(yield func(Item) bool) {
	p.last, p.more = "", false
	var given int64
	p.walk(p.after, func(it *item) bool {
		if p.limit > 0 && given == p.limit {
			p.more = true
			return false
		}
		given++
		p.last = it.key
		return yield(it)
	})
}

// walk calls f with the matches behind a key until f says no.
func (p *page) walk(after string, f func(*item) bool) {
	match := func(it *item) bool {
		if p.filter.past(it.key) {
			return false
		}
		if it.key == after || !p.filter.matches(it) {
			return true
		}
		return f(it)
	}
	from, tree := p.filter.start(after), p.view.tree
	if p.filter.onNode && tree.byNode != nil && p.filter.key == "" {
		tree.ascendOn(p.filter.node, from, match)
		return
	}
	tree.ascend(from, match)
}

func (p *page) next() string {
	if !p.more {
		return ""
	}
	return p.last
}

func (p *page) remaining() int64 {
	if !p.more {
		return 0
	}
	var n int64
	p.walk(p.last, func(*item) bool { n++; return true })
	return n
}

// listPast reads a revision that the cache has gone beyond from etcd itself,
// as the later pages of a long list do.
func (t *table) listPast(ctx context.Context, f filter, o ListOptions) (*List, error) {
	p := &pastPage{table: t, filter: f, revision: o.ExactRevision, limit: o.Limit}
	if err := p.read(ctx, o.After); err != nil {
		switch {
		case errors.Is(err, rpctypes.ErrCompacted):
			return nil, ErrExpired
		case errors.Is(err, rpctypes.ErrFutureRev):
			return nil, ErrFuture
		}
		return nil, err
	}
	return &List{Revision: o.ExactRevision, Items: p.items, Remaining: p.remaining, Next: p.next}, nil
}

// pastPage is a page read from etcd, at most one match longer than its limit.
type pastPage struct {
	table    *table
	filter   filter
	revision int64
	limit    int64

	found []*item
	rest  int64 // keys that were not read
}

func (p *pastPage) read(ctx context.Context, after string) error {
	t := p.table
	from := t.prefix + p.filter.start(after)
	if after != "" && p.filter.start(after) == after {
		from += "\x00"
	}
	end := clientv3.GetPrefixRangeEnd(t.prefix)
	if p.filter.namespace != "" {
		end = clientv3.GetPrefixRangeEnd(t.prefix + p.filter.namespace + "/")
	}
	for {
		size := int64(pageSize)
		if p.limit > 0 {
			size = min(size, p.limit+1)
		}
		start := time.Now()
		r, err := t.store.client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithLimit(size), clientv3.WithRev(p.revision), clientv3.WithSerializable())
		t.asked("list", start, err)
		if err != nil {
			return err
		}
		for _, kv := range r.Kvs {
			from = string(kv.Key) + "\x00"
			p.add(change{key: string(kv.Key)[len(t.prefix):], value: kv.Value, revision: kv.ModRevision})
		}
		p.rest = r.Count - int64(len(r.Kvs))
		if !r.More || len(r.Kvs) == 0 || p.full() {
			return nil
		}
	}
}

func (p *pastPage) add(c change) {
	if !p.table.owns(c.key) {
		return
	}
	if it := p.table.itemOf(c); it != nil && p.filter.matches(it) {
		p.found = append(p.found, it)
	}
}

func (p *pastPage) full() bool { return p.limit > 0 && int64(len(p.found)) > p.limit }

func (p *pastPage) items(yield func(Item) bool) {
	n := len(p.found)
	if p.full() {
		n = int(p.limit)
	}
	for _, it := range p.found[:n] {
		if !yield(it) {
			return
		}
	}
}

func (p *pastPage) next() string {
	if !p.full() {
		return ""
	}
	return p.found[p.limit-1].key
}

// remaining counts the keys that were not read as matches: with a selector
// it is an upper bound.
func (p *pastPage) remaining() int64 {
	if !p.full() {
		return 0
	}
	return int64(len(p.found)) - p.limit + p.rest
}
