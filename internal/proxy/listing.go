package proxy

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Listing says where on this node Services send new connections, by the rules
// that are in the kernel: whoever ends a pod can wait until it gets no more.
// The zero value lists nothing.
type Listing struct {
	mu      sync.Mutex
	addrs   map[types.NamespacedName][]netip.Addr // by Service
	changed chan struct{}                         // closed at the next change, if somebody waits for it
}

// Withdrawn waits until no Service lists one of a pod's addresses as ready, or
// until ctx ends. It says whether one did at first.
func (l *Listing) Withdrawn(ctx context.Context, pod []netip.Addr) (listed bool) {
	for {
		change := l.changeIfListed(pod)
		if change == nil {
			return listed
		}
		listed = true
		select {
		case <-change:
		case <-ctx.Done():
			return listed
		}
	}
}

// changeIfListed is closed when the listing changes; nil if the pod is not in it.
func (l *Listing) changeIfListed(pod []netip.Addr) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, addrs := range l.addrs {
		if slices.ContainsFunc(addrs, func(a netip.Addr) bool { return slices.Contains(pod, a) }) {
			if l.changed == nil {
				l.changed = make(chan struct{})
			}
			return l.changed
		}
	}
	return nil
}

// update changes what some Services list; with all, there are no others. A nil
// Listing is told nothing.
func (l *Listing) update(services map[types.NamespacedName][]netip.Addr, all bool) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.addrs == nil || all {
		l.addrs = map[types.NamespacedName][]netip.Addr{}
	}
	for name, addrs := range services {
		if len(addrs) > 0 {
			l.addrs[name] = addrs
		} else {
			delete(l.addrs, name)
		}
	}
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
