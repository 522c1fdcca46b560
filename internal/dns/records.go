package dns

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

func header(owner string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

// addresses makes A or AAAA records, whichever the question asks for, of the
// addresses of that family.
func (z *zone) addresses(q dns.Question, addrs []netip.Addr) []dns.RR {
	var records []dns.RR
	for _, addr := range addrs {
		switch {
		case !addr.IsValid():
		case q.Qtype == dns.TypeA && addr.Is4():
			records = append(records, &dns.A{Hdr: header(q.Name, dns.TypeA), A: addr.AsSlice()})
		case q.Qtype == dns.TypeAAAA && addr.Is6():
			records = append(records, &dns.AAAA{Hdr: header(q.Name, dns.TypeAAAA), AAAA: addr.AsSlice()})
		}
	}
	return records
}

// both makes the records of both families.
func (z *zone) both(owner string, addrs []netip.Addr) []dns.RR {
	a := z.addresses(dns.Question{Name: owner, Qtype: dns.TypeA}, addrs)
	return append(a, z.addresses(dns.Question{Name: owner, Qtype: dns.TypeAAAA}, addrs)...)
}

// srv makes one of n records that share the load.
func srv(owner, target string, port uint16, n int) dns.RR {
	return &dns.SRV{Hdr: header(owner, dns.TypeSRV), Weight: uint16(max(1, 100/n)), Port: port, Target: target}
}

func unique(addrs []netip.Addr) []netip.Addr {
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}

// dedup drops records that stand there already.
func dedup(records []dns.RR) []dns.RR {
	seen := map[string]bool{}
	return slices.DeleteFunc(records, func(r dns.RR) bool {
		text := r.String()
		was := seen[text]
		seen[text] = true
		return was
	})
}
