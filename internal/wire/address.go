package wire

import (
	"errors"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// defaultNodeIP is the address that faces the default route, or else the
// first global address of the machine.
func defaultNodeIP() (string, error) {
	routes, err := netlink.RouteGet(net.IPv4(198, 51, 100, 1))
	if err == nil {
		for _, r := range routes {
			if r.Src != nil && !r.Src.IsLoopback() {
				return r.Src.String(), nil
			}
		}
	}
	for _, a := range hostAddresses() {
		if a.Is4() && a.IsGlobalUnicast() {
			return a.String(), nil
		}
	}
	return "", errors.New("this machine has no address but its loopback: set --node-ip to one that others can reach")
}

// hostAddresses are all addresses of this machine's interfaces.
func hostAddresses() []netip.Addr {
	var all []netip.Addr
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
			all = append(all, p.Addr())
		}
	}
	return all
}
