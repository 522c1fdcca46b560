package services

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"

	"skiff/internal/api"
	"skiff/internal/store"
)

// rangeAllocations is a kind that is stored and never served. Its one object
// of ours lies where Kubernetes' own API servers have it, at
// /registry/ranges/servicenodeports, so that they can share it.
var rangeAllocations = api.Define(api.Kind[*corev1.RangeAllocation]{
	GVK: corev1.SchemeGroupVersion.WithKind("RangeAllocation"), Plural: "rangeallocations", Prefix: "ranges",
	New: api.New[corev1.RangeAllocation], NewList: api.NewList[corev1.RangeAllocation],
})

const nodePortsName = "servicenodeports"

var errPortAllocated = errors.New("provided port is already allocated")

// portTable is the node ports that are taken in the cluster.
type portTable struct {
	table       store.Table
	first, last int

	// turn holds one token: the changes of this server follow each other, so
	// that they do not lose against themselves.
	turn chan struct{}
	// known is the newest state that this server has written or read; it may
	// be ahead of the cache.
	known store.Item
}

func newPortTable(table store.Table, first, last int) *portTable {
	p := &portTable{table: table, first: first, last: last, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// change brings about what f does to the set. f is called again, with a fresh
// set, when others came in between, and when it refuses what may be stale; its
// error ends the change and nothing is written.
func (p *portTable) change(ctx context.Context, f func(*portSet) error) error {
	select {
	case <-p.turn:
		defer func() { p.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	latest, err := p.load(ctx, 0)
	if err != nil {
		return err
	}
	for sure := false; ; sure = true {
		set := p.decode(latest)
		refused := f(set)
		if refused == nil {
			if !set.changed {
				return nil
			}
			if err := p.write(ctx, latest, set); !lostRace(err) {
				return err
			}
		} else if sure {
			return refused
		}
		if latest, err = p.load(ctx, store.Latest); err != nil {
			return err
		}
	}
}

func lostRace(err error) bool {
	return errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrNotFound)
}

// read is the set as it is.
func (p *portTable) read(ctx context.Context, minRevision int64) (*portSet, error) {
	item, err := p.table.Get(ctx, "", nodePortsName, minRevision)
	if errors.Is(err, store.ErrNotFound) {
		return p.decode(nil), nil
	}
	if err != nil {
		return nil, err
	}
	return p.decode(item), nil
}

// load is the stored state, nil when there is none: the newer of what the
// cache and this server know.
func (p *portTable) load(ctx context.Context, minRevision int64) (store.Item, error) {
	item, err := p.table.Get(ctx, "", nodePortsName, minRevision)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if minRevision == store.Latest {
			p.known = nil
		}
	case err != nil:
		return nil, fmt.Errorf("node ports: %w", err)
	case p.known == nil || item.Revision() > p.known.Revision():
		p.known = item
	}
	return p.known, nil
}

func (p *portTable) decode(item store.Item) *portSet {
	if item == nil {
		return decodePorts(nil, p.first, p.last)
	}
	o, _ := item.Object().(*corev1.RangeAllocation)
	set := decodePorts(o, p.first, p.last)
	set.revision = item.Revision()
	return set
}

func (p *portTable) write(ctx context.Context, old store.Item, set *portSet) (err error) {
	var o *corev1.RangeAllocation
	if old == nil {
		o = &corev1.RangeAllocation{ObjectMeta: metav1.ObjectMeta{UID: uuid.NewUUID(), CreationTimestamp: metav1.Now()}}
	} else {
		o = old.Object().(*corev1.RangeAllocation).DeepCopy()
	}
	o.Name = nodePortsName // which Kubernetes' own servers leave out
	set.encode(o)
	var item store.Item
	if old == nil {
		item, err = p.table.Create(ctx, o)
	} else {
		item, err = p.table.Update(ctx, old, o)
	}
	if err == nil {
		p.known = item
	}
	return err
}

// release gives ports back.
func (p *portTable) release(ctx context.Context, ports []int) error {
	if len(ports) == 0 {
		return nil
	}
	return p.change(ctx, func(s *portSet) error {
		for _, port := range ports {
			s.set(port, 0)
		}
		return nil
	})
}
