package dns

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
)

// specVersion is the version of the specification that the names follow, and
// what dns-version.DOMAIN says.
const specVersion = "1.1.0"

// ttl of all records of the cluster, in seconds.
const ttl = 5

// zone answers for the cluster's names. It has no socket, clock or client in it.
type zone struct {
	domain string // with a dot at its end
	view   view
	dns    netip.Addr // address of the name server, or zero
	own    []netip.Prefix
	serial uint32
}

// reply is an answer: no such name, or the records of the type asked for. No
// records and no error means that the name has records of other types.
type reply struct {
	rcode   int
	answers []dns.RR
	extra   []dns.RR
	// alias is a name to be looked up elsewhere and added to the answers.
	alias string
}

var noSuchName = reply{rcode: dns.RcodeNameError}

// has reports whether the name is one of the zone's.
func (z *zone) has(qname string) bool { return dns.IsSubDomain(z.domain, qname) }

// answer looks one question up. The records' owner is the name as it was asked,
// in its letters' case.
func (z *zone) answer(q dns.Question) reply {
	n := parseName(q.Name, z.domain)
	switch n.subject {
	case apex:
		return z.apex(q)
	case nameServer:
		return reply{answers: z.addresses(q, []netip.Addr{z.dns})}
	case version:
		if q.Qtype != dns.TypeTXT {
			return reply{}
		}
		return reply{answers: []dns.RR{&dns.TXT{Hdr: header(q.Name, dns.TypeTXT), Txt: []string{specVersion}}}}
	case branch:
		return reply{}
	case namespace:
		if z.view.hasNamespace(n.namespace) {
			return reply{}
		}
	case pod:
		return z.pod(q, n)
	case service, protocolName, portName, endpointName:
		return z.service(q, n)
	}
	return noSuchName
}

// apex answers for the domain itself.
func (z *zone) apex(q dns.Question) reply {
	switch q.Qtype {
	case dns.TypeSOA:
		return reply{answers: []dns.RR{z.soa()}}
	case dns.TypeNS:
		ns := "ns.dns." + z.domain
		return reply{
			answers: []dns.RR{&dns.NS{Hdr: header(q.Name, dns.TypeNS), Ns: ns}},
			extra:   append(z.addresses(dns.Question{Name: ns, Qtype: dns.TypeA}, []netip.Addr{z.dns}), z.addresses(dns.Question{Name: ns, Qtype: dns.TypeAAAA}, []netip.Addr{z.dns})...),
		}
	}
	return reply{}
}

// soa stands in all answers without records, and says how long they hold.
func (z *zone) soa() dns.RR {
	return &dns.SOA{
		Hdr: header(z.domain, dns.TypeSOA), Ns: "ns.dns." + z.domain, Mbox: "hostmaster." + z.domain,
		Serial: z.serial, Refresh: 7200, Retry: 1800, Expire: 86400, Minttl: ttl,
	}
}

// pod answers for a pod's address in a name. The name says it all, so it is
// answered whether or not such a pod is there.
func (z *zone) pod(q dns.Question, n name) reply {
	addr, ok := undashed(n.endpoint)
	if !ok {
		return noSuchName
	}
	return reply{answers: z.addresses(q, []netip.Addr{addr})}
}

func (z *zone) service(q dns.Question, n name) reply {
	svc := z.view.service(n.namespace, n.service)
	switch {
	case svc == nil:
		return noSuchName
	case svc.Spec.Type == corev1.ServiceTypeExternalName:
		return externalName(q, n, svc)
	case n.subject == endpointName:
		return z.endpoint(q, n)
	case isHeadless(svc):
		return z.headless(q, n)
	}
	return z.clusterIP(q, n, svc)
}

// externalName is an alias for a name elsewhere.
func externalName(q dns.Question, n name, svc *corev1.Service) reply {
	if n.subject != service {
		return noSuchName
	}
	target := dns.Fqdn(svc.Spec.ExternalName)
	// An address is no name: older clients put some here.
	if _, err := netip.ParseAddr(svc.Spec.ExternalName); err == nil || target == "." {
		return reply{}
	}
	r := reply{answers: []dns.RR{&dns.CNAME{Hdr: header(q.Name, dns.TypeCNAME), Target: target}}}
	if q.Qtype != dns.TypeCNAME {
		r.alias = target
	}
	return r
}

// clusterIP answers for a Service with addresses of its own.
func (z *zone) clusterIP(q dns.Question, n name, svc *corev1.Service) reply {
	addrs := clusterAddresses(svc)
	target := n.service + "." + n.namespace + ".svc." + z.domain
	ports := slices.DeleteFunc(slices.Clone(svc.Spec.Ports), func(p corev1.ServicePort) bool {
		return !n.matches(p.Name, string(p.Protocol))
	})
	if n.subject != service && len(ports) == 0 {
		return noSuchName
	}
	if q.Qtype != dns.TypeSRV || n.subject == protocolName {
		if n.subject != service {
			return reply{}
		}
		return reply{answers: z.addresses(q, addrs)}
	}
	var r reply
	for _, p := range ports {
		r.answers = append(r.answers, srv(q.Name, target, uint16(p.Port), len(ports)))
	}
	r.extra = z.both(target, addrs)
	return r
}

// headless answers with the endpoints themselves. Without any, the name does
// not exist: so says the specification.
func (z *zone) headless(q dns.Question, n name) reply {
	var addrs []netip.Addr
	type target struct {
		name string
		port uint16
		addr netip.Addr
	}
	var targets []target
	for _, e := range z.view.endpoints(n.namespace, n.service) {
		addrs = append(addrs, e.addr)
		for _, p := range e.ports {
			if p.Port != nil && n.matches(deref(p.Name), string(deref(p.Protocol))) {
				targets = append(targets, target{e.hostname + "." + n.service + "." + n.namespace + ".svc." + z.domain, uint16(*p.Port), e.addr})
			}
		}
	}
	switch {
	case len(addrs) == 0, n.subject != service && len(targets) == 0:
		return noSuchName
	case q.Qtype != dns.TypeSRV && n.subject == service:
		return reply{answers: z.addresses(q, unique(addrs))}
	case q.Qtype != dns.TypeSRV, n.subject == protocolName:
		return reply{}
	}
	var r reply
	for _, t := range targets {
		r.answers = append(r.answers, srv(q.Name, t.name, t.port, len(targets)))
		r.extra = append(r.extra, z.both(t.name, []netip.Addr{t.addr})...)
	}
	r.answers, r.extra = dedup(r.answers), dedup(r.extra)
	return r
}

// endpoint answers for one endpoint's name below its Service's.
func (z *zone) endpoint(q dns.Question, n name) reply {
	var addrs []netip.Addr
	var r reply
	for _, e := range z.view.endpoints(n.namespace, n.service) {
		if e.hostname != n.endpoint {
			continue
		}
		addrs = append(addrs, e.addr)
		for _, p := range e.ports {
			if q.Qtype == dns.TypeSRV && p.Port != nil {
				r.answers = append(r.answers, srv(q.Name, q.Name, uint16(*p.Port), len(e.ports)))
			}
		}
	}
	if len(addrs) == 0 {
		return noSuchName
	}
	if q.Qtype == dns.TypeSRV {
		return reply{answers: dedup(r.answers), extra: z.both(q.Name, unique(addrs))}
	}
	return reply{answers: z.addresses(q, unique(addrs))}
}

// matches compares a port with the port and protocol of a name, if it has any.
func (n name) matches(port, protocol string) bool {
	if protocol == "" {
		protocol = string(corev1.ProtocolTCP)
	}
	if n.subject == protocolName || n.subject == portName {
		if !strings.EqualFold(n.protocol, protocol) {
			return false
		}
	}
	return n.subject != portName || (port != "" && strings.EqualFold(n.port, port))
}

func isHeadless(svc *corev1.Service) bool { return svc.Spec.ClusterIP == corev1.ClusterIPNone }

func clusterAddresses(svc *corev1.Service) []netip.Addr {
	texts := svc.Spec.ClusterIPs
	if len(texts) == 0 {
		texts = []string{svc.Spec.ClusterIP}
	}
	var addrs []netip.Addr
	for _, t := range texts {
		if addr, err := netip.ParseAddr(t); err == nil {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
