package services

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"

	"skiff/internal/store"
)

// portRepair compares the node ports that are taken with those that Services
// hold. A port that is taken and never held, for as long as a request may
// last, has leaked.
type portRepair struct {
	a      *Allocator
	events record.EventRecorder
	grace  time.Duration

	taken    *portSet // as last seen
	held     map[types.NamespacedName][]int
	owners   map[int][]types.NamespacedName
	suspects map[int]time.Time // since when a port is taken and not held
}

func newPortRepair(a *Allocator, events record.EventRecorder, grace time.Duration) *portRepair {
	p := &portRepair{a: a, events: events, grace: grace, taken: a.ports.decode(nil), suspects: map[int]time.Time{}}
	p.forget()
	return p
}

func (p *portRepair) forget() {
	p.held, p.owners = map[types.NamespacedName][]int{}, map[int][]types.NamespacedName{}
}

// run sees all changes in one goroutine. The channel has no buffer: what was
// seen of one table is judged before more of it is read.
func (p *portRepair) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	seen := make(chan func())
	tell := func(f func()) {
		select {
		case seen <- f:
		case <-ctx.Done():
		}
	}
	g.Go(func() error {
		return follow(ctx, p.a.serviceTable(), func() { tell(p.forget) }, func(e store.Event) {
			if e.Item != nil {
				if s, ok := e.Item.Object().(*corev1.Service); ok {
					tell(func() { p.sawService(ctx, s, e.Type == store.Deleted) })
				}
			}
		})
	})
	g.Go(func() error {
		return follow(ctx, p.a.ports.table, func() {}, func(e store.Event) {
			if e.Item != nil && e.Item.Name() == nodePortsName && e.Type != store.Deleted {
				tell(func() { p.sawPorts(p.a.ports.decode(e.Item)) })
			}
		})
	})
	g.Go(func() error { return p.loop(ctx, seen) })
	return g.Wait()
}

func (p *portRepair) loop(ctx context.Context, seen <-chan func()) error {
	timer := time.NewTimer(p.grace)
	defer timer.Stop()
	for {
		if at, any := p.next(); any {
			timer.Reset(time.Until(at))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case f := <-seen:
			f()
		case <-timer.C:
			p.release(ctx)
		}
	}
}

// next is when the oldest suspect has been one for long enough.
func (p *portRepair) next() (at time.Time, any bool) {
	for _, since := range p.suspects {
		if end := since.Add(p.grace); !any || end.Before(at) {
			at, any = end, true
		}
	}
	return at, any
}

// sawService notes what a Service holds now.
func (p *portRepair) sawService(ctx context.Context, s *corev1.Service, gone bool) {
	key := nameOf(s)
	had := p.held[key]
	ports := nodePorts(s)
	if gone || len(ports) == 0 {
		ports = nil
		delete(p.held, key)
	} else {
		p.held[key] = ports
	}
	if slices.Equal(had, ports) {
		return
	}
	for _, port := range had {
		if p.owners[port] = slices.DeleteFunc(p.owners[port], func(o types.NamespacedName) bool { return o == key }); len(p.owners[port]) == 0 {
			delete(p.owners, port)
		}
	}
	for _, port := range ports {
		p.judge(s, port)
		p.owners[port] = append(p.owners[port], key)
	}
	p.takeMissing(ctx, s, ports)
	p.sawPorts(p.taken)
}

// judge reports a port that its Service should not hold.
func (p *portRepair) judge(s *corev1.Service, port int) {
	first, last := p.a.ports.first, p.a.ports.last
	switch {
	case port < first || port > last:
		p.events.Eventf(s, corev1.EventTypeWarning, "PortOutOfRange",
			"Port %d is not within the port range %d-%d; please recreate service", port, first, last)
	case len(p.owners[port]) > 0:
		p.events.Eventf(s, corev1.EventTypeWarning, "PortAlreadyAllocated",
			"Port %d was assigned to multiple services; please recreate service", port)
	}
}

// takeMissing takes the ports that a Service holds without having them.
func (p *portRepair) takeMissing(ctx context.Context, s *corev1.Service, ports []int) {
	if len(ports) == 0 {
		return
	}
	set, err := p.a.ports.read(ctx, store.Latest)
	if err != nil || !slices.ContainsFunc(ports, func(port int) bool { return set.inRange(port) && !set.has(port) }) {
		return
	}
	var missing []int
	err = p.a.ports.change(ctx, func(set *portSet) error {
		missing = nil
		for _, port := range ports {
			if set.inRange(port) && !set.has(port) {
				set.set(port, 1)
				missing = append(missing, port)
			}
		}
		return nil
	})
	for _, port := range missing {
		p.events.Eventf(s, corev1.EventTypeWarning, "PortNotAllocated", "Port %d is not allocated; repairing", port)
	}
	if err != nil {
		slog.Warn("a Service's node ports cannot be taken", "service", nameOf(s), "ports", missing, "error", err)
	}
}

// sawPorts looks which ports are taken and held by nobody. It sees every state
// of the set, so a port that was given back and taken anew meanwhile is no
// suspect.
func (p *portRepair) sawPorts(set *portSet) {
	p.taken = set
	suspects := map[int]time.Time{}
	for _, port := range set.ports() {
		if len(p.owners[port]) == 0 {
			suspects[port] = cmp.Or(p.suspects[port], time.Now())
		}
	}
	p.suspects = suspects
}

// again is how soon a release that failed is tried once more.
const again = time.Second

// errStale: others have changed the node ports since they were judged.
var errStale = errors.New("the node ports have changed")

// release gives back the suspects that have been so for long enough, unless
// a Service holds one after all, or the set is no more what was judged.
func (p *portRepair) release(ctx context.Context) {
	var leaked []int
	for port, since := range p.suspects {
		if time.Since(since) >= p.grace {
			leaked = append(leaked, port)
		}
	}
	slices.Sort(leaked)
	held, err := p.a.heldPorts(ctx)
	if err == nil {
		err = p.a.ports.change(ctx, func(set *portSet) error {
			if set.revision != p.taken.revision {
				return errStale
			}
			for _, port := range leaked {
				if !held[port] {
					set.set(port, 0)
				}
			}
			return nil
		})
	}
	if err != nil {
		slog.Info("node ports that no Service holds are not given back yet", "ports", leaked, "reason", err)
	} else if len(leaked) > 0 {
		slog.Info("node ports that no Service holds are given back", "ports", leaked)
	}
	for _, port := range leaked {
		if delete(p.suspects, port); err != nil {
			p.suspects[port] = time.Now().Add(again - p.grace)
		}
	}
}

// heldPorts are the node ports of all Services as they are now.
func (a *Allocator) heldPorts(ctx context.Context) (map[int]bool, error) {
	list, err := a.serviceTable().List(ctx, store.ListOptions{MinRevision: store.Latest})
	if err != nil {
		return nil, err
	}
	held := map[int]bool{}
	for i := range list.Items {
		if s, ok := i.Object().(*corev1.Service); ok {
			for _, port := range nodePorts(s) {
				held[port] = true
			}
		}
	}
	return held, nil
}
