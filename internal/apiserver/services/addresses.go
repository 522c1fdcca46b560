package services

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"

	"skiff/internal/api/networking"
	"skiff/internal/store"
)

// managedBy is how Kubernetes labels the IPAddresses of its Services.
const managedBy = "ipallocator.k8s.io"

// The refusals of addresses, in the words that clients know.
var (
	errFull       = errors.New("range is full")
	errAllocated  = errors.New("provided IP is already allocated")
	errMismatched = errors.New("the provided network does not match the current range")
)

// randomTries is how many random addresses are looked at before all taken ones
// are read. Even of a range that is nine tenths full, most find one by then.
const randomTries = 32

// takeAddress takes the address that a Service asks for.
func (a *Allocator) takeAddress(ctx context.Context, addr netip.Addr, owner types.NamespacedName, dryRun bool) error {
	ranges, err := a.ranges(ctx, true, 0)
	if err == nil && !within(ranges, addr) {
		// A range may have been added a moment ago, through another server.
		ranges, err = a.ranges(ctx, true, store.Latest)
	}
	switch {
	case err != nil:
		return err
	case !within(ranges, addr):
		return errMismatched
	}
	free, err := a.claim(ctx, addr, owner, dryRun)
	if err == nil && !free {
		free, err = a.inherits(ctx, addr, owner)
	}
	if err == nil && !free {
		err = errAllocated
	}
	return err
}

// inherits says whether an address waits, from before this allocator was made,
// for this very Service, which is not there: a server was killed between the
// two writes. Were it refused until the address is released, a cluster could
// not make its first Services at the next start.
func (a *Allocator) inherits(ctx context.Context, addr netip.Addr, owner types.NamespacedName) (bool, error) {
	item, err := a.addresses().Get(ctx, "", addr.String(), store.Latest)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if o, ok := item.Object().(*networkingv1.IPAddress); !ok || ownerOf(o) != owner || item.Revision() > a.began {
		return false, nil
	}
	s, _, err := a.getService(ctx, owner, store.Latest)
	return s == nil, err
}

// anyAddress takes some address of a family: a random one, so that addresses
// are not soon reused.
func (a *Allocator) anyAddress(ctx context.Context, family corev1.IPFamily, owner types.NamespacedName, dryRun bool) (netip.Addr, error) {
	claim := func(addr netip.Addr) (bool, error) { return a.claim(ctx, addr, owner, dryRun) }
	// First by what is cached, then by what is true.
	for _, revision := range []int64{0, store.Latest} {
		ranges, err := a.ranges(ctx, true, revision)
		if err != nil {
			return netip.Addr{}, err
		}
		for _, r := range ranges {
			if familyOf(r.prefix.Addr()) != family {
				continue
			}
			addr, err := a.search(ctx, r, revision, claim)
			if !errors.Is(err, errFull) {
				return addr, err
			}
		}
	}
	return netip.Addr{}, errFull
}

// search takes a free address of a range: above the static band, and in it
// when there is none.
func (a *Allocator) search(ctx context.Context, r ipRange, revision int64, claim func(netip.Addr) (bool, error)) (netip.Addr, error) {
	for range randomTries {
		if r.size <= r.static {
			break
		}
		addr := r.at(r.static + rand.Uint64N(r.size-r.static))
		if a.cached(ctx, addr) {
			continue
		}
		if ok, err := claim(addr); ok || err != nil {
			return addr, err
		}
	}
	taken, err := a.takenIn(ctx, r, revision)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, part := range [][2]uint64{{r.static, r.size}, {0, r.static}} {
		addr, err := scan(r, part[0], part[1], taken, claim)
		if !errors.Is(err, errFull) {
			return addr, err
		}
	}
	return netip.Addr{}, errFull
}

// scan goes once around a part of a range, from a random start.
func scan(r ipRange, from, to uint64, taken map[uint64]bool, claim func(netip.Addr) (bool, error)) (netip.Addr, error) {
	if from >= to {
		return netip.Addr{}, errFull
	}
	start := rand.Uint64N(to - from)
	for i := range to - from {
		n := from + (start+i)%(to-from)
		if taken[n] {
			continue
		}
		if ok, err := claim(r.at(n)); ok || err != nil {
			return r.at(n), err
		}
	}
	return netip.Addr{}, errFull
}

// takenIn are the addresses of a range that have an IPAddress, by distance.
func (a *Allocator) takenIn(ctx context.Context, r ipRange, minRevision int64) (map[uint64]bool, error) {
	list, err := a.addresses().List(ctx, store.ListOptions{MinRevision: minRevision})
	if err != nil {
		return nil, err
	}
	taken := map[uint64]bool{}
	for i := range list.Items {
		if addr, err := netip.ParseAddr(i.Name()); err == nil {
			if n, ok := r.offset(addr); ok {
				taken[n] = true
			}
		}
	}
	return taken, nil
}

func (a *Allocator) addresses() store.Table { return a.storage.Table(networking.IPAddress) }

// cached says whether the cache knows of an address's IPAddress.
func (a *Allocator) cached(ctx context.Context, addr netip.Addr) bool {
	_, err := a.addresses().Get(ctx, "", addr.String(), 0)
	return err == nil
}

// claim takes an address by creating its IPAddress, and says whether it was
// free. A dry run only looks.
func (a *Allocator) claim(ctx context.Context, addr netip.Addr, owner types.NamespacedName, dryRun bool) (bool, error) {
	if dryRun {
		_, err := a.addresses().Get(ctx, "", addr.String(), store.Latest)
		if errors.Is(err, store.ErrNotFound) {
			return true, nil
		}
		return false, err
	}
	_, err := a.addresses().Create(ctx, newIPAddress(addr, owner))
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// release gives an address back if it is the owner's. One that is not there,
// or has become another's, is left alone.
func (a *Allocator) release(ctx context.Context, addr netip.Addr, owner types.NamespacedName) error {
	// Whoever took it may be another server, whose write is not seen here yet.
	for _, revision := range []int64{0, store.Latest} {
		item, err := a.addresses().Get(ctx, "", addr.String(), revision)
		if err == nil {
			if o, ok := item.Object().(*networkingv1.IPAddress); !ok || ownerOf(o) != owner {
				return nil
			}
			_, err = a.addresses().Delete(ctx, item)
		}
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrConflict):
			return fmt.Errorf("IPAddress %s: %w", addr, err)
		}
	}
	return nil
}

func newIPAddress(addr netip.Addr, owner types.NamespacedName) *networkingv1.IPAddress {
	return &networkingv1.IPAddress{
		ObjectMeta: metav1.ObjectMeta{
			Name: addr.String(), UID: uuid.NewUUID(), CreationTimestamp: metav1.Now(), Labels: labelsOf(addr),
		},
		Spec: networkingv1.IPAddressSpec{ParentRef: &networkingv1.ParentReference{
			Resource: "services", Namespace: owner.Namespace, Name: owner.Name,
		}},
	}
}

func labelsOf(addr netip.Addr) map[string]string {
	return map[string]string{
		networkingv1.LabelIPAddressFamily: string(familyOf(addr)),
		networkingv1.LabelManagedBy:       managedBy,
	}
}

// ownerOf is the Service that an IPAddress belongs to; none: the zero name.
func ownerOf(o *networkingv1.IPAddress) types.NamespacedName {
	p := o.Spec.ParentRef
	if p == nil || p.Group != "" || p.Resource != "services" {
		return types.NamespacedName{}
	}
	return types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
}

func familyOf(a netip.Addr) corev1.IPFamily {
	if a.Is4() {
		return corev1.IPv4Protocol
	}
	return corev1.IPv6Protocol
}
