package network

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"skiff/internal/host"
)

// vtep is one end of the tunnel, as other nodes must know it.
type vtep struct {
	MAC string // of the tunnel link
	VNI int    // that it listens to
	IP  netip.Addr
}

// ownVTEP is this node's end. Its identifier and MAC follow from the names of
// cluster and node alone: they stay when the link is made anew, and clusters
// that share a network do not hear each other. A sender uses the receiver's
// identifier, so the nodes of a cluster need not have the same.
func ownVTEP(names host.Names, ip netip.Addr) vtep {
	sum := sha256.Sum256([]byte("vtep " + names.Cluster + "/" + names.Node))
	mac := net.HardwareAddr(sum[:6])
	mac[0] = mac[0]&^1 | 2 // one station's, locally administered
	return vtep{MAC: mac.String(), VNI: nodeNumber(names), IP: ip}
}

// nodeNumber is Names.ID as the number of 24 bits that it is.
func nodeNumber(names host.Names) int {
	id, err := strconv.ParseUint(names.ID(), 16, 24)
	if err != nil {
		panic("host.Names.ID is not a hexadecimal number: " + names.ID())
	}
	return int(id)
}

// ensureTunnel makes the tunnel link, or keeps the one that is there when it
// is right: so a restart drops nothing.
func ensureTunnel(cfg Config, podCIDR netip.Prefix, alias string) (netlink.Link, error) {
	want, err := wantedTunnel(cfg)
	if err != nil {
		return nil, err
	}
	link, err := netlink.LinkByName(want.Name)
	if err == nil && !sameTunnel(link, want) {
		if err := netlink.LinkDel(link); err != nil {
			return nil, fmt.Errorf("removing the outdated link %s: %w", want.Name, err)
		}
		link = nil
	}
	if err != nil || link == nil {
		if err := netlink.LinkAdd(want); err != nil {
			return nil, tunnelError(cfg, err)
		}
		if link, err = netlink.LinkByName(want.Name); err != nil {
			return nil, err
		}
	}
	return link, configureTunnel(cfg, link, want.MTU, podCIDR, alias)
}

func wantedTunnel(cfg Config) (*netlink.Vxlan, error) {
	own := ownVTEP(cfg.Names, cfg.NodeIP)
	mac, err := net.ParseMAC(own.MAC)
	if err != nil {
		return nil, err
	}
	under, err := linkOf(cfg.NodeIP)
	if err != nil {
		return nil, err
	}
	mtu := cfg.MTU
	if mtu == 0 {
		mtu = under.Attrs().MTU - vxlanOverhead
		if under.Attrs().Flags&net.FlagLoopback != 0 {
			mtu = 1500 - vxlanOverhead
		}
	}
	return &netlink.Vxlan{
		LinkAttrs:    netlink.LinkAttrs{Name: cfg.tunnelLink(), HardwareAddr: mac, MTU: mtu},
		VxlanId:      own.VNI,
		VtepDevIndex: under.Attrs().Index,
		SrcAddr:      cfg.NodeIP.AsSlice(),
		Port:         cfg.VXLANPort,
		Learning:     false, // who is where is told, not guessed
	}, nil
}

// sameTunnel says whether an existing link can stay.
func sameTunnel(link netlink.Link, want *netlink.Vxlan) bool {
	have, ok := link.(*netlink.Vxlan)
	return ok && have.VxlanId == want.VxlanId && have.VtepDevIndex == want.VtepDevIndex &&
		have.SrcAddr.Equal(want.SrcAddr) && have.Port == want.Port && have.Learning == want.Learning &&
		have.HardwareAddr.String() == want.HardwareAddr.String()
}

// configureTunnel brings the link up with the node's address among its pods.
// That is the pods' gateway, and the host's own address in talk with pods.
func configureTunnel(cfg Config, link netlink.Link, mtu int, podCIDR netip.Prefix, alias string) error {
	if err := netlink.LinkSetAlias(link, alias); err != nil {
		return err
	}
	if err := netlink.LinkSetMTU(link, mtu); err != nil {
		return fmt.Errorf("setting the MTU of %s to %d: %w", cfg.tunnelLink(), mtu, err)
	}
	want := &netlink.Addr{IPNet: hostNet(gateway(podCIDR))}
	have, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, addr := range have {
		if !addr.IP.Equal(want.IP) {
			if err := netlink.AddrDel(link, &addr); err != nil {
				return err
			}
		}
	}
	if err := netlink.AddrReplace(link, want); err != nil {
		return fmt.Errorf("giving %s the address %s: %w", cfg.tunnelLink(), want.IPNet, err)
	}
	// A connection to 127.0.0.1 that a service or hostPort sends to another
	// node leaves with that source until the last hook; see rules.go.
	if err := writeSysctl(linkSysctl(cfg.tunnelLink(), "route_localnet"), "1"); err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

// linkOf is the link that has the address.
func linkOf(ip netip.Addr) (netlink.Link, error) {
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, err
	}
	for _, addr := range addrs {
		if addr.IP.Equal(ip.AsSlice()) {
			return netlink.LinkByIndex(addr.LinkIndex)
		}
	}
	return nil, fmt.Errorf("no link of this machine has the node's address %s", ip)
}

func tunnelError(cfg Config, err error) error {
	switch {
	case errors.Is(err, unix.EOPNOTSUPP):
		return errors.New("this kernel has no VXLAN, which the pod network needs: load or install the module vxlan")
	case errors.Is(err, syscall.EEXIST):
		return fmt.Errorf("making the link %s: another VXLAN device uses the same identifier on port %d: %w", cfg.tunnelLink(), cfg.VXLANPort, err)
	}
	return fmt.Errorf("making the link %s: %w", cfg.tunnelLink(), err)
}

// hostNet is the network of one address.
func hostNet(ip netip.Addr) *net.IPNet {
	return &net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(32, 32)}
}
