package services

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/networking"
	"skiff/internal/store"
)

// ranges are the ranges of all ServiceCIDRs, the oldest first. usable leaves
// out those that are on their way out or not ready.
func (a *Allocator) ranges(ctx context.Context, usable bool, minRevision int64) ([]ipRange, error) {
	list, err := a.storage.Table(networking.ServiceCIDR).List(ctx, store.ListOptions{MinRevision: minRevision})
	if err != nil {
		return nil, err
	}
	var objects []*networkingv1.ServiceCIDR
	for i := range list.Items {
		if o, ok := i.Object().(*networkingv1.ServiceCIDR); ok && (!usable || ready(o)) {
			objects = append(objects, o)
		}
	}
	return rangesOf(objects), nil
}

// ready says whether a ServiceCIDR may be allocated from. One without a
// condition may: the controller that writes them may not run yet.
func ready(o *networkingv1.ServiceCIDR) bool {
	if o.DeletionTimestamp != nil {
		return false
	}
	for _, c := range o.Status.Conditions {
		if c.Type == networkingv1.ServiceCIDRConditionReady {
			return c.Status == metav1.ConditionTrue
		}
	}
	return true
}

// rangesOf lists each range once, by age: what a cluster began with is used up
// first.
func rangesOf(objects []*networkingv1.ServiceCIDR) (out []ipRange) {
	slices.SortFunc(objects, func(a, b *networkingv1.ServiceCIDR) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	seen := map[netip.Prefix]bool{}
	for _, o := range objects {
		for _, text := range o.Spec.CIDRs {
			if p, err := netip.ParsePrefix(text); err == nil && !seen[p] {
				seen[p] = true
				out = append(out, newRange(p))
			}
		}
	}
	return out
}

// within says whether an address can be given from one of the ranges.
func within(ranges []ipRange, a netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r ipRange) bool { _, ok := r.offset(a); return ok })
}
