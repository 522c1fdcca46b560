package wire

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// nodeNetwork joins the nodes of one machine: a bridge on the host, one veth
// into the network namespace of each node. The host is .1, node N is .N.
type nodeNetwork struct {
	bridge string
	prefix netip.Prefix // a /24
}

func (n nodeNetwork) host() netip.Addr { return n.node(1) }

func (n nodeNetwork) node(index int) netip.Addr {
	a := n.prefix.Addr().As4()
	a[3] = byte(index)
	return netip.AddrFrom4(a)
}

// ensureNodeNetwork makes the bridge, or finds it as it is.
func ensureNodeNetwork(c Config) (nodeNetwork, error) {
	n := nodeNetwork{bridge: c.Names().Link("nodes")}
	if link, err := netlink.LinkByName(n.bridge); err == nil {
		addrs, err := netlink.AddrList(link, netlink.FAMILY_V4)
		if err == nil && len(addrs) == 1 {
			ip, _ := netip.AddrFromSlice(addrs[0].IP.To4())
			n.prefix = netip.PrefixFrom(ip, 24).Masked()
			return n, ensureNodeMasquerade(c, n.prefix)
		}
		if err := netlink.LinkDel(link); err != nil {
			return n, err
		}
	}
	var err error
	if n.prefix, err = freeNodePrefix(c.ClusterName); err != nil {
		return n, err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = n.bridge
	bridge := &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(bridge); err != nil {
		return n, err
	}
	if err := netlink.AddrAdd(bridge, ipAddr(n.host(), 24)); err != nil {
		return n, err
	}
	if err := netlink.LinkSetUp(bridge); err != nil {
		return n, err
	}
	return n, ensureNodeMasquerade(c, n.prefix)
}

func removeNodeNetwork(c Config) error {
	err := removeNodeMasquerade(c)
	link, lookup := netlink.LinkByName(c.Names().Link("nodes"))
	if lookup != nil {
		return err
	}
	return errors.Join(err, netlink.LinkDel(link))
}

// freeNodePrefix is a /24 of 172.31.0.0/16 to which this machine has no route
// but its default one.
func freeNodePrefix(cluster string) (netip.Prefix, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return netip.Prefix{}, err
	}
	h := fnv.New32a()
	h.Write([]byte(cluster))
	for i := range uint32(256) {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 31, byte(h.Sum32() + i), 0}), 24)
		if !overlapsAny(p, routes) {
			return p, nil
		}
	}
	return netip.Prefix{}, errors.New("every network in 172.31.0.0/16 is taken on this machine")
}

func overlapsAny(p netip.Prefix, routes []netlink.Route) bool {
	for _, r := range routes {
		if r.Dst == nil {
			continue
		}
		ones, _ := r.Dst.Mask.Size()
		ip, ok := netip.AddrFromSlice(r.Dst.IP.To4())
		if ok && ones > 0 && netip.PrefixFrom(ip, ones).Overlaps(p) {
			return true
		}
	}
	return false
}

// ensureNetns makes the network namespace that the file at path holds, with
// eth0 on the bridge; hostLink is eth0's other end.
func ensureNetns(path string, n nodeNetwork, hostLink string, addr netip.Addr) error {
	if ns, err := netns.GetFromPath(path); err == nil {
		defer ns.Close()
		if isNetns(path) {
			return nil
		}
	}
	ns, err := newNetns(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := plug(ns, n, hostLink); err != nil {
		return err
	}
	inside, err := netlink.NewHandleAt(ns)
	if err != nil {
		return err
	}
	defer inside.Close()
	return configureEth0(inside, addr, n.host())
}

// isNetns tells a held namespace from the empty file that held one before
// the machine started anew.
func isNetns(path string) bool {
	var s unix.Statfs_t
	return unix.Statfs(path, &s) == nil && s.Type == unix.NSFS_MAGIC
}

// newNetns makes a network namespace and mounts it on path.
func newNetns(path string) (netns.NsHandle, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return -1, err
	}
	f.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	back, err := netns.Get()
	if err != nil {
		return -1, err
	}
	defer back.Close()
	ns, err := netns.New()
	if err != nil {
		return -1, err
	}
	err = unix.Mount(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), path, "", unix.MS_BIND, "")
	return ns, errors.Join(err, netns.Set(back))
}

// removeNetns lets go of the namespace at path; the kernel removes it, with
// all links, routes and tables in it, when its last process has ended.
func removeNetns(path string) error {
	err := unix.Unmount(path, unix.MNT_DETACH)
	if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// plug makes the veth pair between the bridge and the namespace.
func plug(ns netns.NsHandle, n nodeNetwork, hostLink string) error {
	if old, err := netlink.LinkByName(hostLink); err == nil {
		if err := netlink.LinkDel(old); err != nil {
			return err
		}
	}
	bridge, err := netlink.LinkByName(n.bridge)
	if err != nil {
		return err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MasterIndex = hostLink, bridge.Attrs().Index
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerNamespace: netlink.NsFd(ns)}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	return netlink.LinkSetUp(veth)
}

// unplug removes the veth pair by its end on the host. The kernel would do so
// itself once the namespace is gone, but at a time of its own.
func unplug(hostLink string) error {
	link, err := netlink.LinkByName(hostLink)
	if err != nil {
		return nil // it is not there
	}
	if err := netlink.LinkDel(link); err != nil && !errors.Is(err, unix.ENODEV) {
		return err
	}
	return nil
}

func configureEth0(h *netlink.Handle, addr, gateway netip.Addr) error {
	lo, err := h.LinkByName("lo")
	if err != nil {
		return err
	}
	eth, err := h.LinkByName("eth0")
	if err != nil {
		return err
	}
	return errors.Join(
		h.LinkSetUp(lo),
		h.AddrAdd(eth, ipAddr(addr, 24)),
		h.LinkSetUp(eth),
		h.RouteAdd(&netlink.Route{LinkIndex: eth.Attrs().Index, Gw: gateway.AsSlice()}),
	)
}

func ipAddr(a netip.Addr, bits int) *netlink.Addr {
	return &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(bits, a.BitLen())}}
}

// inNetns returns a function that runs start on a thread in the namespace at
// path, so that the process it starts is born there.
func inNetns(path string) func(start func() error) error {
	return func(start func() error) error {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		back, err := netns.Get()
		if err != nil {
			return err
		}
		defer back.Close()
		ns, err := netns.GetFromPath(path)
		if err != nil {
			return err
		}
		defer ns.Close()
		if err := netns.Set(ns); err != nil {
			return err
		}
		return errors.Join(start(), netns.Set(back))
	}
}
