package servicecidr

import (
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
)

// managedBy is how IPAddresses of Services are labelled; others bind nothing.
const managedBy = "ipallocator.k8s.io"

func prefixes(o *networkingv1.ServiceCIDR) (all []netip.Prefix) {
	for _, text := range o.Spec.CIDRs {
		if p, err := netip.ParsePrefix(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// others are the ranges of all ServiceCIDRs that stay when o goes. One that is
// being deleted itself counts: it waits for its own addresses, and two that
// hold the same may not let go of each other.
func others(o *networkingv1.ServiceCIDR, all []*networkingv1.ServiceCIDR) (out []netip.Prefix) {
	for _, other := range all {
		if other.Name != o.Name && (other.DeletionTimestamp == nil || older(other, o)) {
			out = append(out, prefixes(other)...)
		}
	}
	return out
}

// older orders ServiceCIDRs that are being deleted, so that of two that hold
// the same addresses one stays.
func older(a, b *networkingv1.ServiceCIDR) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}

// covered says whether others hold all that o does.
func covered(o *networkingv1.ServiceCIDR, all []*networkingv1.ServiceCIDR) bool {
	rest := others(o, all)
	return !slices.ContainsFunc(prefixes(o), func(p netip.Prefix) bool {
		return !slices.ContainsFunc(rest, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
	})
}

// binds says whether an address keeps o, because nothing else holds it.
func binds(address string, own, rest []netip.Prefix) bool {
	a, err := netip.ParseAddr(address)
	in := func(p netip.Prefix) bool { return p.Contains(a) }
	return err == nil && slices.ContainsFunc(own, in) && !slices.ContainsFunc(rest, in)
}
