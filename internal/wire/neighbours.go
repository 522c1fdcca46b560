package wire

import (
	"fmt"
	"math/bits"
	"net"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
)

// checkNeighbours finds other clusters on this machine with the same networks.
// Side by side they need networks of their own: a route to a pod's address,
// and the translation of a service's, is the whole machine's.
func (c *Config) checkNeighbours(r role, node bool) error {
	if !node || r != roleServer && r != roleAgent {
		return nil
	}
	wayOut := "stop that one, or choose others with --cluster-cidr and --service-cidr"
	if r == roleAgent { // its networks are its server's choice
		wayOut = "stop that one (`skiff down`), or join from another machine or network namespace"
	}
	pods, services := netip.MustParsePrefix(c.ClusterCIDR), c.serviceCIDRs()[0]
	link, err := linkInto(pods, c.Names().Link(""))
	if err != nil {
		return err
	}
	if link != "" {
		return fmt.Errorf("addresses of --cluster-cidr %s are in use on this machine, by link %s: if that is another cluster's, %s", pods, link, wayOut)
	}
	table, err := tableWith(services, c.Names().Table("proxy"))
	if err != nil {
		return err
	}
	if table != "" {
		return fmt.Errorf("addresses of --service-cidr %s are in use by another cluster on this machine, in nftables table %s: %s", services, table, wayOut)
	}
	return nil
}

// linkInto is the link by which this machine reaches a part of pods; links
// whose names begin with own do not count.
func linkInto(pods netip.Prefix, own string) (string, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return "", fmt.Errorf("cannot read this machine's routes: %w", err)
	}
	for _, r := range routes {
		if !within(r.Dst, pods) {
			continue
		}
		link, err := netlink.LinkByIndex(r.LinkIndex)
		if err == nil && !strings.HasPrefix(link.Attrs().Name, own) {
			return link.Attrs().Name, nil
		}
	}
	return "", nil
}

// tableWith is the table of another cluster's proxy that has services, or
// shares some with it.
func tableWith(services netip.Prefix, own string) (string, error) {
	conn, err := nftables.New()
	if err != nil {
		return "", fmt.Errorf("cannot speak to nftables: %w", err)
	}
	tables, err := conn.ListTablesOfFamily(nftables.TableFamilyIPv4)
	if err != nil {
		return "", fmt.Errorf("cannot list nftables tables: %w", err)
	}
	for _, t := range tables {
		if t.Name == own || !strings.HasPrefix(t.Name, "skiff-proxy-") {
			continue
		}
		rules, err := conn.GetRules(t, &nftables.Chain{Name: "refuse", Table: t})
		if err != nil {
			continue // removed meanwhile
		}
		for _, rule := range rules {
			if p, ok := matchedPrefix(rule.Exprs); ok && p.Overlaps(services) {
				return t.Name, nil
			}
		}
	}
	return "", nil
}

// matchedPrefix is the network that a rule's address is compared with.
func matchedPrefix(exprs []expr.Any) (netip.Prefix, bool) {
	ones := 32
	for _, e := range exprs {
		switch e := e.(type) {
		case *expr.Payload:
			ones = 8 * int(e.Len) // a network of whole bytes is compared without a mask
		case *expr.Bitwise:
			ones = 0
			for _, b := range e.Mask {
				ones += bits.OnesCount8(b)
			}
		case *expr.Cmp:
			var a [4]byte
			copy(a[:], e.Data)
			return netip.PrefixFrom(netip.AddrFrom4(a), min(ones, 32)).Masked(), true
		}
	}
	return netip.Prefix{}, false
}

// within says whether a route's destination lies in p.
func within(dst *net.IPNet, p netip.Prefix) bool {
	if dst == nil {
		return false
	}
	ones, _ := dst.Mask.Size()
	ip, ok := netip.AddrFromSlice(dst.IP.To4())
	return ok && ones >= p.Bits() && p.Contains(ip)
}
