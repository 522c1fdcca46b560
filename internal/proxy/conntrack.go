package proxy

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// conntrack forgets tracked UDP flows. Like kernel, it stays in the network
// namespace where it was opened.
type conntrack struct{ handle *netlink.Handle }

func openConntrack() (*conntrack, error) {
	h, err := netlink.NewHandle(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open conntrack netlink socket: %w", err)
	}
	return &conntrack{h}, nil
}

func (c *conntrack) close() { c.handle.Close() }

// staleUDP says which flows of one Service port must be forgotten.
type staleUDP struct {
	family *family
	port   udpPort
	gone   []netip.AddrPort // endpoints that were there before
}

// staleFlows compares two plans. Flows must go when an endpoint left, and when
// the Service's first one came: until then packets went nowhere, and their
// flow would go on to.
func staleFlows(f *family, old, next plan) []staleUDP {
	var all []staleUDP
	for _, now := range next.udp {
		before := portBefore(old.udp, now)
		gone := without(before.endpoints, now.endpoints)
		if len(gone) > 0 || (len(before.endpoints) == 0 && len(now.endpoints) > 0) {
			all = append(all, staleUDP{f, now, gone})
		}
	}
	for _, before := range old.udp {
		if len(portBefore(next.udp, before).addrs) == 0 && len(before.endpoints) > 0 {
			all = append(all, staleUDP{f, udpPort{addrs: before.addrs, port: before.port, nodePort: before.nodePort}, before.endpoints})
		}
	}
	return all
}

func portBefore(list []udpPort, p udpPort) udpPort {
	for _, o := range list {
		if o.port == p.port {
			return o
		}
	}
	return udpPort{}
}

func without(list, others []netip.AddrPort) []netip.AddrPort {
	return slices.DeleteFunc(slices.Clone(list), func(a netip.AddrPort) bool { return slices.Contains(others, a) })
}

// matches decides about one flow: from what the client sent to, and who answers.
func (s staleUDP) matches(to, from netip.AddrPort) bool {
	if slices.Contains(s.port.endpoints, from) {
		return false
	}
	if to.Port() == s.port.port && slices.Contains(s.port.addrs, to.Addr()) {
		return true
	}
	// A node port is any local address's: only flows that went to an endpoint
	// of this Service, or to nobody, are surely its own.
	return s.port.nodePort != 0 && to.Port() == s.port.nodePort && (to == from || slices.Contains(s.gone, from))
}

// forget removes the flows that match, with one walk of each family's table.
func (c *conntrack) forget(stale []staleUDP) error {
	for _, f := range families {
		own := slices.DeleteFunc(slices.Clone(stale), func(s staleUDP) bool { return s.family != f })
		if len(own) == 0 {
			continue
		}
		if _, err := c.handle.ConntrackDeleteFilters(netlink.ConntrackTable, netlink.InetFamily(f.conntrack), flowFilter(own)); err != nil {
			return err
		}
	}
	return nil
}

type flowFilter []staleUDP

// MatchConntrackFlow is called by the netlink library for every flow.
func (l flowFilter) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool {
	if flow.Forward.Protocol != unix.IPPROTO_UDP {
		return false
	}
	to, ok1 := netip.AddrFromSlice(flow.Forward.DstIP)
	from, ok2 := netip.AddrFromSlice(flow.Reverse.SrcIP)
	if !ok1 || !ok2 {
		return false
	}
	dst := netip.AddrPortFrom(to.Unmap(), flow.Forward.DstPort)
	src := netip.AddrPortFrom(from.Unmap(), flow.Reverse.SrcPort)
	return slices.ContainsFunc(l, func(s staleUDP) bool { return s.matches(dst, src) })
}
