package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// peerLinks drives the kernel's knowledge of other nodes. A peer is three
// entries on the tunnel link: a route to its range by way of its gateway, the
// gateway's MAC, and the address and identifier to send to for that MAC.
type peerLinks struct {
	tunnel netlink.Link
	have   map[netip.Prefix]peer
}

// Update makes the peer's entries, or makes them right.
func (l *peerLinks) Update(p peer) error {
	entries, route, err := l.entries(p)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := netlink.NeighSet(entry); err != nil {
			return fmt.Errorf("reaching the pods of %s by %s: %w", p.PodCIDR, p.VTEP.IP, err)
		}
	}
	if err := netlink.RouteReplace(route); err != nil {
		return fmt.Errorf("routing to %s by %s: %w", p.PodCIDR, p.VTEP.IP, err)
	}
	l.have[p.PodCIDR] = p
	return nil
}

// Delete removes the peer's entries; those that are not there are no error.
func (l *peerLinks) Delete(p peer) error {
	entries, route, err := l.entries(p)
	if err != nil {
		return err
	}
	if err := gone(netlink.RouteDel(route)); err != nil {
		return err
	}
	for _, entry := range entries {
		if err := gone(netlink.NeighDel(entry)); err != nil {
			return err
		}
	}
	delete(l.have, p.PodCIDR)
	return nil
}

// Prune removes every entry of the tunnel link that no wanted peer has: those
// of nodes that left while nobody looked.
func (l *peerLinks) Prune(want map[netip.Prefix]peer) error {
	keep := map[string]bool{}
	for cidr, p := range want {
		keep[cidr.String()], keep[p.VTEP.MAC] = true, true
	}
	index := l.tunnel.Attrs().Index
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{LinkIndex: index}, netlink.RT_FILTER_OIF)
	if err != nil {
		return err
	}
	for _, route := range routes {
		if route.Dst != nil && route.Gw != nil && !keep[route.Dst.String()] {
			if err := gone(netlink.RouteDel(&route)); err != nil {
				return err
			}
		}
	}
	for _, family := range []int{netlink.FAMILY_V4, unix.AF_BRIDGE} {
		neighbours, err := netlink.NeighList(index, family)
		if err != nil {
			return err
		}
		for _, n := range neighbours {
			ours := n.State&netlink.NUD_PERMANENT != 0 && n.IP != nil
			if ours && !keep[n.HardwareAddr.String()] {
				n.Family = family
				if err := gone(netlink.NeighDel(&n)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// entries are the peer's neighbour entries and its route.
func (l *peerLinks) entries(p peer) ([]*netlink.Neigh, *netlink.Route, error) {
	mac, err := net.ParseMAC(p.VTEP.MAC)
	if err != nil {
		return nil, nil, fmt.Errorf("the node of %s announces a MAC that is none: %w", p.PodCIDR, err)
	}
	index := l.tunnel.Attrs().Index
	via := net.IP(gateway(p.PodCIDR).AsSlice())
	neighbours := []*netlink.Neigh{
		{
			LinkIndex: index, Family: netlink.FAMILY_V4, State: netlink.NUD_PERMANENT,
			IP: via, HardwareAddr: mac,
		},
		{
			LinkIndex: index, Family: unix.AF_BRIDGE, State: netlink.NUD_PERMANENT, Flags: netlink.NTF_SELF,
			IP: p.VTEP.IP.AsSlice(), HardwareAddr: mac, VNI: p.VTEP.VNI,
		},
	}
	return neighbours, &netlink.Route{
		LinkIndex: index,
		Dst:       &net.IPNet{IP: p.PodCIDR.Addr().AsSlice(), Mask: net.CIDRMask(p.PodCIDR.Bits(), 32)},
		Gw:        via,
		Flags:     int(netlink.FLAG_ONLINK),
		Protocol:  unix.RTPROT_STATIC,
	}, nil
}

// gone takes the errors that say that there is nothing to remove for success.
func gone(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// drive brings the entries from what they are to what they should be. It goes
// on after an error, so that one odd node does not cut off the others.
func (l *peerLinks) drive(want map[netip.Prefix]peer) error {
	var errs []error
	if l.have == nil {
		l.have = map[netip.Prefix]peer{}
		errs = append(errs, l.Prune(want))
	}
	update, remove := difference(l.have, want)
	for _, p := range remove {
		errs = append(errs, l.Delete(p))
	}
	for _, p := range update {
		errs = append(errs, l.Update(p))
	}
	return errors.Join(errs...)
}
