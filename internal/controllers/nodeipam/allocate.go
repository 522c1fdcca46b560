// Package nodeipam gives every node its own part of the pods' address range,
// as spec.podCIDR and spec.podCIDRs.
//
// It reads Nodes and owns these two fields, which are written once in a node's
// life. allocate.go decides, controller.go acts.
package nodeipam

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
)

// errFull: every part of the range belongs to some node.
var errFull = errors.New("no free podCIDR is left in the cluster CIDR")

// blocks hands out the parts of one range.
type blocks struct {
	whole netip.Prefix
	bits  int // length of each part's prefix
	used  map[netip.Prefix]string
	next  int64 // where to look first: parts are taken in turn, so that one is not used again at once
}

// maxBlocks bounds the parts of a range (an IPv6 one can have very many).
const maxBlocks = 1 << 20

func newBlocks(whole netip.Prefix, bits int) (*blocks, error) {
	if !whole.IsValid() || bits < whole.Bits() || bits > whole.Addr().BitLen() {
		return nil, fmt.Errorf("cluster CIDR %v cannot be cut into /%d: give a larger range or a longer node mask", whole, bits)
	}
	return &blocks{whole: whole.Masked(), bits: bits, used: map[netip.Prefix]string{}}, nil
}

func (b *blocks) count() int64 {
	return min(int64(1)<<min(b.bits-b.whole.Bits(), 20), maxBlocks)
}

// take gives node a part: the one that it has, or a free one.
func (b *blocks) take(node string) (netip.Prefix, error) {
	for p, owner := range b.used {
		if owner == node {
			return p, nil
		}
	}
	n := b.count()
	for i := range n {
		p := b.at((b.next + i) % n)
		if _, taken := b.used[p]; !taken && !b.overlaps(p) {
			b.used[p] = node
			b.next = (b.next + i + 1) % n
			return p, nil
		}
	}
	return netip.Prefix{}, errFull
}

// overlaps says whether a node was given, by someone else, a range of another
// size that p is part of or that is part of p.
func (b *blocks) overlaps(p netip.Prefix) bool {
	for q := range b.used {
		if q.Bits() != b.bits && q.Overlaps(p) {
			return true
		}
	}
	return false
}

// hold notes what a node has.
func (b *blocks) hold(node string, p netip.Prefix) { b.used[p.Masked()] = node }

// free takes back all that a node has.
func (b *blocks) free(node string) {
	for p, owner := range b.used {
		if owner == node {
			delete(b.used, p)
		}
	}
}

// at is the i-th part.
func (b *blocks) at(i int64) netip.Prefix {
	base := b.whole.Addr().AsSlice()
	n := new(big.Int).SetBytes(base)
	n.Add(n, new(big.Int).Lsh(big.NewInt(i), uint(len(base)*8-b.bits)))
	addr, _ := netip.AddrFromSlice(n.FillBytes(base))
	return netip.PrefixFrom(addr, b.bits)
}
