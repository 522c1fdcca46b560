package services

import (
	"context"
	"errors"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/api/core"
	"skiff/internal/store"
)

func (a *Allocator) serviceTable() store.Table { return a.storage.Table(core.Service) }

// sawService has a changed Service looked at, and the addresses of one that is
// gone: they should be gone soon, too.
func (r *repairs) sawService(e store.Event) {
	switch {
	case e.Item == nil:
	case e.Type == store.Deleted:
		if s, ok := e.Item.Object().(*corev1.Service); ok {
			for _, text := range clusterIPs(s) {
				if addr, err := parseIP(text); err == nil {
					r.addresses.AddAfter(addr.String(), r.grace)
				}
			}
		}
	default:
		r.services.Add(types.NamespacedName{Namespace: e.Item.Namespace(), Name: e.Item.Name()})
	}
}

// service sees to it that each address of a Service has its IPAddress.
func (r *repairs) service(ctx context.Context, key types.NamespacedName) error {
	s, revision, err := r.a.getService(ctx, key, 0)
	if s == nil || err != nil {
		return err
	}
	for _, text := range clusterIPs(s) {
		addr, err := parseIP(text)
		if err != nil {
			r.events.Eventf(s, corev1.EventTypeWarning, "ClusterIPNotValid", "Cluster IP %s is not a valid IP; please recreate Service", text)
			continue
		}
		if err := r.serviceAddress(ctx, s, addr, revision); err != nil {
			return err
		}
	}
	return nil
}

// serviceAddress compares one address of a Service with its IPAddress.
func (r *repairs) serviceAddress(ctx context.Context, s *corev1.Service, addr netip.Addr, revision int64) error {
	warn := func(reason, format string) {
		r.events.Eventf(s, corev1.EventTypeWarning, reason, format, familyOf(addr), addr)
	}
	known, err := r.inSomeRange(ctx, addr)
	if err != nil {
		return err
	}
	if !known {
		warn("ClusterIPOutOfRange", "Cluster IP [%v]: %s is not within any configured Service CIDR; please recreate service")
		return nil
	}
	item, err := r.a.addresses().Get(ctx, "", addr.String(), revision)
	if errors.Is(err, store.ErrNotFound) {
		warn("ClusterIPNotAllocated", "Cluster IP [%v]: %s is not allocated; repairing")
		return r.take(ctx, s, addr)
	}
	if err != nil {
		return err
	}
	o := item.Object().(*networkingv1.IPAddress)
	if owner := ownerOf(o); owner != nameOf(s) {
		other, _, err := r.a.getService(ctx, owner, store.Latest)
		switch {
		case err != nil:
			return err
		case other != nil && holds(other, addr):
			warn("ClusterIPAlreadyAllocated", "Cluster IP [%v]:%s was assigned to multiple services; please recreate service")
			return nil
		}
		warn("ClusterIPNotAllocated", "Cluster IP [%v]: %s has a wrong reference; repairing")
		return r.replace(ctx, item, s, addr)
	}
	if !hasLabels(o, addr) {
		return r.replace(ctx, item, s, addr)
	}
	return nil
}

func (r *repairs) inSomeRange(ctx context.Context, addr netip.Addr) (bool, error) {
	ranges, err := r.a.ranges(ctx, false, 0)
	if err == nil && !within(ranges, addr) {
		ranges, err = r.a.ranges(ctx, false, store.Latest)
	}
	return within(ranges, addr), err
}

// take makes the IPAddress of a Service that lacks it. When somebody was
// faster, the Service is looked at again.
func (r *repairs) take(ctx context.Context, s *corev1.Service, addr netip.Addr) error {
	free, err := r.a.claim(ctx, addr, nameOf(s), false)
	if err == nil && !free {
		r.services.AddAfter(nameOf(s), r.grace)
	}
	return err
}

// replace makes an IPAddress anew: what is wrong with it cannot be changed.
func (r *repairs) replace(ctx context.Context, item store.Item, s *corev1.Service, addr netip.Addr) error {
	if _, err := r.a.addresses().Delete(ctx, item); err != nil {
		return err // gone or changed: it is looked at again
	}
	return r.take(ctx, s, addr)
}

func hasLabels(o *networkingv1.IPAddress, addr netip.Addr) bool {
	for k, v := range labelsOf(addr) {
		if o.Labels[k] != v {
			return false
		}
	}
	return true
}

// getService is a Service and its revision, or nil when there is none.
func (a *Allocator) getService(ctx context.Context, key types.NamespacedName, minRevision int64) (*corev1.Service, int64, error) {
	item, err := a.serviceTable().Get(ctx, key.Namespace, key.Name, minRevision)
	if errors.Is(err, store.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	s, _ := item.Object().(*corev1.Service)
	return s, item.Revision(), nil
}
