package proxy

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// endpoint is one address that answers for a Service port.
type endpoint struct {
	addr        netip.AddrPort
	ready       bool // takes new connections
	serving     bool // ready, apart from being about to end
	terminating bool
	local       bool // on this node
}

// endpointsOf lists the endpoints of one Service port in one family, sorted and
// each address once: a pod may stand in two slices while one replaces the
// other, and then the better of its two conditions counts.
func endpointsOf(list []*discoveryv1.EndpointSlice, fam *family, port corev1.ServicePort, node string) []endpoint {
	byAddr := map[netip.AddrPort]endpoint{}
	for _, slice := range list {
		if slice.AddressType != fam.slices {
			continue
		}
		number, ok := targetPort(slice, port)
		if !ok {
			continue
		}
		for i := range slice.Endpoints {
			ep, ok := readEndpoint(&slice.Endpoints[i], number, node)
			if !ok || !fam.has(ep.addr.Addr()) {
				continue
			}
			if old, dup := byAddr[ep.addr]; !dup || (ep.ready && !old.ready) || (ep.serving && !old.serving) {
				byAddr[ep.addr] = ep
			}
		}
	}
	all := make([]endpoint, 0, len(byAddr))
	for _, ep := range byAddr {
		all = append(all, ep)
	}
	slices.SortFunc(all, func(a, b endpoint) int { return a.addr.Compare(b.addr) })
	return all
}

// targetPort finds the slice's number for the Service port: slices and Services
// meet by the port's name and protocol.
func targetPort(slice *discoveryv1.EndpointSlice, port corev1.ServicePort) (uint16, bool) {
	for _, p := range slice.Ports {
		protocol := corev1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		name := ""
		if p.Name != nil {
			name = *p.Name
		}
		if name == port.Name && protocol == protocolOf(port) && p.Port != nil {
			return uint16(*p.Port), true
		}
	}
	return 0, false
}

func readEndpoint(ep *discoveryv1.Endpoint, port uint16, node string) (endpoint, bool) {
	// The addresses of one endpoint are interchangeable, and the API asks
	// consumers to use the first.
	if len(ep.Addresses) == 0 {
		return endpoint{}, false
	}
	addr, err := netip.ParseAddr(ep.Addresses[0])
	if err != nil {
		return endpoint{}, false
	}
	ready := ep.Conditions.Ready == nil || *ep.Conditions.Ready
	serving := ready
	if ep.Conditions.Serving != nil {
		serving = *ep.Conditions.Serving
	}
	return endpoint{
		addr:        netip.AddrPortFrom(addr, port),
		ready:       ready,
		serving:     serving,
		terminating: ep.Conditions.Terminating != nil && *ep.Conditions.Terminating,
		local:       ep.NodeName != nil && *ep.NodeName == node,
	}, true
}

// usable says which endpoints get new connections: the ready ones; when there
// is none, those that still serve while they terminate, which is better than a
// refusal and what lets the last pod of a node drain.
func usable(all []endpoint) []endpoint {
	ready := slices.DeleteFunc(slices.Clone(all), func(e endpoint) bool { return !e.ready })
	if len(ready) > 0 {
		return ready
	}
	return slices.DeleteFunc(slices.Clone(all), func(e endpoint) bool { return !e.serving || !e.terminating })
}

// onNode keeps the endpoints of this node.
func onNode(all []endpoint) []endpoint {
	return slices.DeleteFunc(slices.Clone(all), func(e endpoint) bool { return !e.local })
}

// staying are the addresses on this node that take new connections and are not
// about to end.
func staying(all []endpoint) []netip.Addr {
	var addrs []netip.Addr
	for _, e := range all {
		if e.local && e.ready && !e.terminating {
			addrs = append(addrs, e.addr.Addr())
		}
	}
	return addrs
}

func addressesOf(list []endpoint) []netip.AddrPort {
	addrs := make([]netip.AddrPort, len(list))
	for i, e := range list {
		addrs[i] = e.addr
	}
	return addrs
}

// protocolOf is the port's protocol; the API server fills in TCP, other
// writers may not.
func protocolOf(port corev1.ServicePort) corev1.Protocol {
	if port.Protocol == "" {
		return corev1.ProtocolTCP
	}
	return port.Protocol
}
