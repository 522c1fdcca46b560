package proxy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// balance sends a new connection to one of the endpoints, each as likely as
// any other.
type balance struct{ endpoints []netip.AddrPort }

func (b balance) text(f *family) string {
	pairs := make([]string, len(b.endpoints))
	for i, e := range b.endpoints {
		pairs[i] = fmt.Sprintf("%d : %s . %d", i, e.Addr(), e.Port())
	}
	return fmt.Sprintf("dnat %s to numgen random mod %d map { %s }", f.name, len(b.endpoints), strings.Join(pairs, ", "))
}

func (b balance) compile(c *compiler) []expr.Any {
	elements := make([]nftables.SetElement, len(b.endpoints))
	for i, e := range b.endpoints {
		elements[i] = nftables.SetElement{Key: number(i), Val: c.addrPort(e)}
	}
	choices := c.anonymous(nftables.Set{IsMap: true, KeyType: nftables.TypeInteger, DataType: c.addrPortType()}, elements)
	return []expr.Any{
		randomNumber(len(b.endpoints), firstRegister),
		find(choices, firstRegister, firstRegister),
		c.natFrom(firstRegister),
	}
}

// number is what the kernel's random numbers look like in a register. nft takes
// them for big-endian ones when it prints a map of them: 1 is shown as 16777216.
func number(i int) []byte { return binaryutil.NativeEndian.PutUint32(uint32(i)) }

func randomNumber(below int, register uint32) expr.Any {
	return &expr.Numgen{Register: register, Type: unix.NFT_NG_RANDOM, Modulus: uint32(below)}
}

// find replaces what a register holds by what a map has for it.
func find(set *nftables.Set, from, to uint32) expr.Any {
	return &expr.Lookup{SourceRegister: from, DestRegister: to, IsDestRegSet: true, SetID: set.ID, SetName: set.Name}
}

// addrPort is an endpoint as it stands in registers: the address, then the port
// in a word of its own.
func (f *family) addrPort(e netip.AddrPort) []byte {
	port := binaryutil.BigEndian.PutUint16(e.Port())
	return append(f.bytes(e.Addr()), port[0], port[1], 0, 0)
}

func (f *family) addrPortType() nftables.SetDatatype {
	return nftables.MustConcatSetType(f.addr, nftables.TypeInetService)
}

// natFrom rewrites the destination to the address and port in registers.
func (f *family) natFrom(register uint32) expr.Any {
	return &expr.NAT{
		Type: expr.NATTypeDestNAT, Family: f.nfproto, Specified: true,
		RegAddrMin: register, RegProtoMin: register + f.words(),
	}
}
