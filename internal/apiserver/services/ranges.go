package services

import (
	"encoding/binary"
	"math"
	"net/netip"
)

// ipRange is a range of Service addresses. Addresses are counted from its
// first, which is the one behind the network's own.
type ipRange struct {
	prefix netip.Prefix
	size   uint64 // how many can be given
	static uint64 // how many of the first are left to those who ask by name
}

// newRange leaves out the network's own address, and the broadcast address of
// an IPv4 network.
func newRange(p netip.Prefix) ipRange {
	all := uint64(math.MaxInt64)
	if host := p.Addr().BitLen() - p.Bits(); host < 63 {
		all = 1 << host
	}
	unused := uint64(1)
	if p.Addr().Is4() {
		unused = 2
	}
	r := ipRange{prefix: p.Masked(), static: band(all, 16, 16, 256)}
	if all > unused {
		r.size = all - unused
	}
	return r
}

// band is how many of a range's numbers are left for those who ask by name: a
// share of them, but no fewer than least and no more than most. Small ranges
// leave none. For addresses KEP-3070 says so, for node ports KEP-3668.
func band(size, share, least, most uint64) uint64 {
	if size <= least {
		return 0
	}
	return min(max(size/share, least), most)
}

// at is the address at a distance from the first.
func (r ipRange) at(n uint64) netip.Addr {
	raw := r.prefix.Addr().As16()
	low := binary.BigEndian.Uint64(raw[8:])
	binary.BigEndian.PutUint64(raw[8:], low+n+1)
	a := netip.AddrFrom16(raw)
	if r.prefix.Addr().Is4() {
		return a.Unmap()
	}
	return a
}

// offset is an address's distance from the first; false: it cannot be given.
func (r ipRange) offset(a netip.Addr) (uint64, bool) {
	if !r.prefix.Contains(a) {
		return 0, false
	}
	from, to := r.prefix.Addr().As16(), a.As16()
	if [8]byte(from[:8]) != [8]byte(to[:8]) {
		return 0, false // of a network larger than we use
	}
	n := binary.BigEndian.Uint64(to[8:]) - binary.BigEndian.Uint64(from[8:]) - 1
	return n, n < r.size
}
