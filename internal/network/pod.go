package network

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"skiff/internal/host"
)

// podLinks makes and removes the links of pods.
type podLinks struct {
	cfg     Config
	gateway netip.Addr
	mtu     int
}

// connect gives a network namespace its link, address and routes, and the
// host the route to it. It returns the MACs of both ends.
func (l podLinks) connect(r podRecord) (hostMAC, podMAC string, err error) {
	ns, err := netns.GetFromPath(r.Netns)
	if err != nil {
		return "", "", fmt.Errorf("opening the network namespace %s: %w", r.Netns, err)
	}
	defer ns.Close()
	hostEnd, err := l.makePair(r, ns)
	if err != nil {
		return "", "", err
	}
	podMAC, err = l.configurePod(r, ns)
	if err == nil {
		err = l.configureHost(r, hostEnd)
	}
	if err != nil {
		return "", "", errors.Join(err, l.disconnect(r.IP))
	}
	return hostEnd.Attrs().HardwareAddr.String(), podMAC, nil
}

// makePair makes the two ends, the pod's in its namespace at once. What has
// the host end's name is left from a pod that had the address before.
func (l podLinks) makePair(r podRecord, ns netns.NsHandle) (netlink.Link, error) {
	name := l.cfg.podLink(r.IP)
	pair := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: name, MTU: l.mtu, Flags: net.FlagUp, Group: linkGroup(l.cfg.Names)},
		PeerName:      r.IfName,
		PeerNamespace: netlink.NsFd(ns),
		PeerMTU:       uint32(l.mtu),
	}
	err := netlink.LinkAdd(pair)
	if errors.Is(err, unix.EEXIST) {
		if err := l.disconnect(r.IP); err != nil {
			return nil, err
		}
		err = netlink.LinkAdd(pair)
	}
	if err != nil {
		return nil, fmt.Errorf("making the link %s with %s in %s: %w", name, r.IfName, r.Netns, err)
	}
	return netlink.LinkByName(name)
}

// configurePod sets up the inside. The pod's only neighbour is the gateway,
// which every packet goes to.
func (l podLinks) configurePod(r podRecord, ns netns.NsHandle) (mac string, err error) {
	inside, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return "", fmt.Errorf("entering the network namespace %s: %w", r.Netns, err)
	}
	defer inside.Close()
	link, err := inside.LinkByName(r.IfName)
	if err != nil {
		return "", err
	}
	if err := inside.AddrAdd(link, &netlink.Addr{IPNet: hostNet(r.IP)}); err != nil {
		return "", fmt.Errorf("giving %s the address %s: %w", r.IfName, r.IP, err)
	}
	if err := inside.LinkSetUp(link); err != nil {
		return "", err
	}
	if err := upLoopback(inside); err != nil {
		return "", err
	}
	index, via := link.Attrs().Index, net.IP(l.gateway.AsSlice())
	routes := []*netlink.Route{
		{LinkIndex: index, Dst: hostNet(l.gateway), Scope: netlink.SCOPE_LINK},
		{LinkIndex: index, Gw: via},
	}
	for _, route := range routes {
		if err := inside.RouteAdd(route); err != nil {
			return "", fmt.Errorf("adding a route in %s: %w", r.Netns, err)
		}
	}
	return link.Attrs().HardwareAddr.String(), nil
}

func upLoopback(inside *netlink.Handle) error {
	lo, err := inside.LinkByName("lo")
	if err != nil {
		return err
	}
	return inside.LinkSetUp(lo)
}

// configureHost routes the pod's address to its link.
func (l podLinks) configureHost(r podRecord, hostEnd netlink.Link) error {
	// Lets a connection to 127.0.0.1:hostPort leave by this link; see rules.go.
	if err := writeSysctl(linkSysctl(l.cfg.podLink(r.IP), "route_localnet"), "1"); err != nil {
		return err
	}
	route := &netlink.Route{
		LinkIndex: hostEnd.Attrs().Index,
		Dst:       hostNet(r.IP),
		Src:       l.gateway.AsSlice(),
		Scope:     netlink.SCOPE_LINK,
	}
	if err := netlink.RouteReplace(route); err != nil {
		return fmt.Errorf("routing to the pod at %s: %w", r.IP, err)
	}
	return nil
}

// disconnect removes a pod's link, and with it all routes over it.
func (l podLinks) disconnect(ip netip.Addr) error { return deleteLink(l.cfg.podLink(ip)) }

// deleteLink removes the link of the name; it is no error if there is none.
func deleteLink(name string) error {
	link, err := netlink.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err == nil {
		err = gone(netlink.LinkDel(link))
	}
	if err != nil {
		return fmt.Errorf("removing the link %s: %w", name, err)
	}
	return nil
}

// deleteLinks removes every link of this node but those to keep.
func deleteLinks(cfg Config, keep map[string]bool) error {
	links, err := netlink.LinkList()
	if err != nil {
		return fmt.Errorf("listing the links: %w", err)
	}
	var errs []error
	for _, link := range links {
		if name := link.Attrs().Name; strings.HasPrefix(name, cfg.linkPrefix()) && !keep[name] {
			errs = append(errs, deleteLink(name))
		}
	}
	return errors.Join(errs...)
}

// deletePodLinks removes the links of all pods at once: one by one, each takes
// the kernel some twenty milliseconds of waiting.
func deletePodLinks(cfg Config) error {
	message := nl.NewIfInfomsg(unix.AF_UNSPEC)
	request := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
	request.AddData(message)
	request.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(linkGroup(cfg.Names))))
	if _, err := request.Execute(unix.NETLINK_ROUTE, 0); gone(err) != nil {
		return fmt.Errorf("removing the links of pods: %w", err)
	}
	return nil
}

// linkGroup is the group of the node's pod links: the kernel removes a whole
// group in one go. It is never zero, which is every other link's.
func linkGroup(names host.Names) uint32 { return 1<<24 | uint32(nodeNumber(names)) }

// namespaceGone says whether a pod's network namespace has ended: its file is
// away, or is a file in which no namespace is mounted any more.
func namespaceGone(path string) bool {
	var fsType unix.Statfs_t
	if err := unix.Statfs(path, &fsType); err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	if strings.HasPrefix(path, "/proc/") {
		_, err := os.Stat(path)
		return errors.Is(err, fs.ErrNotExist)
	}
	return fsType.Type != unix.NSFS_MAGIC
}
