package proxy

import (
	"net/netip"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// family is what differs between IPv4 and IPv6 in rules: each has a table of
// its own, so no rule has to ask which one a packet belongs to.
type family struct {
	name      string // as nft prints it
	ip        corev1.IPFamily
	slices    discoveryv1.AddressType
	table     nftables.TableFamily
	nfproto   uint32
	addr      nftables.SetDatatype
	saddr     uint32 // offset of the source address in the network header
	daddr     uint32
	loopback  netip.Prefix
	conntrack uint8 // AF_INET or AF_INET6
}

var (
	ipv4 = &family{
		name: "ip", ip: corev1.IPv4Protocol, slices: discoveryv1.AddressTypeIPv4,
		table: nftables.TableFamilyIPv4, nfproto: unix.NFPROTO_IPV4, addr: nftables.TypeIPAddr,
		saddr: 12, daddr: 16, loopback: netip.MustParsePrefix("127.0.0.0/8"), conntrack: unix.AF_INET,
	}
	ipv6 = &family{
		name: "ip6", ip: corev1.IPv6Protocol, slices: discoveryv1.AddressTypeIPv6,
		table: nftables.TableFamilyIPv6, nfproto: unix.NFPROTO_IPV6, addr: nftables.TypeIP6Addr,
		saddr: 8, daddr: 24, loopback: netip.MustParsePrefix("::1/128"), conntrack: unix.AF_INET6,
	}
	families = []*family{ipv4, ipv6}
)

// has reports whether addr belongs to the family.
func (f *family) has(addr netip.Addr) bool {
	return addr.IsValid() && addr.Is4() == (f == ipv4)
}

// only keeps the prefixes of the family.
func (f *family) only(prefixes []netip.Prefix) []netip.Prefix {
	var own []netip.Prefix
	for _, p := range prefixes {
		if f.has(p.Addr()) {
			own = append(own, p)
		}
	}
	return own
}

// bytes is the address as it stands in a packet.
func (f *family) bytes(addr netip.Addr) []byte {
	b := addr.AsSlice()
	return b
}

// words is the address's length in 32-bit registers.
func (f *family) words() uint32 { return f.addr.Bytes / 4 }
