package dns

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// reverse answers for the name of an address. It is not ok when the address is
// none of the cluster's, so that others must be asked.
func (z *zone) reverse(q dns.Question) (r reply, ok bool) {
	addr, isReverse := reverseAddress(q.Name)
	if !isReverse {
		return reply{}, false
	}
	names := z.namesOf(addr)
	if len(names) == 0 {
		return noSuchName, z.isOwn(addr)
	}
	if q.Qtype != dns.TypePTR {
		return reply{}, true
	}
	for _, target := range names {
		r.answers = append(r.answers, &dns.PTR{Hdr: header(q.Name, dns.TypePTR), Ptr: target})
	}
	return r, true
}

// namesOf are the Services that have the cluster address, or else the
// endpoints at the address.
func (z *zone) namesOf(addr netip.Addr) []string {
	var names []string
	for _, svc := range z.view.servicesAt(addr) {
		names = append(names, svc.Name+"."+svc.Namespace+".svc."+z.domain)
	}
	if len(names) == 0 {
		for _, e := range z.view.endpointsAt(addr) {
			names = append(names, e.hostname+"."+e.service+"."+e.namespace+".svc."+z.domain)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (z *zone) isOwn(addr netip.Addr) bool {
	return slices.ContainsFunc(z.own, func(p netip.Prefix) bool { return p.Contains(addr) })
}
