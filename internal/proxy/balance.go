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
// any other. With a memory, the client's address is put down with the choice.
type balance struct {
	endpoints []netip.AddrPort
	memory    string // affinity map, or ""
}

func (b balance) text(f *family) string {
	pairs := make([]string, len(b.endpoints))
	for i, e := range b.endpoints {
		pairs[i] = fmt.Sprintf("%d : %s . %d", i, e.Addr(), e.Port())
	}
	choice := fmt.Sprintf("numgen random mod %d map { %s }", len(b.endpoints), strings.Join(pairs, ", "))
	if b.memory == "" {
		return "dnat to " + choice
	}
	return fmt.Sprintf("update @%s { %s saddr : %s } dnat to it", b.memory, f.name, choice)
}

func (b balance) compile(c *compiler) []expr.Any {
	elements := make([]nftables.SetElement, len(b.endpoints))
	for i, e := range b.endpoints {
		elements[i] = nftables.SetElement{Key: binaryutil.NativeEndian.PutUint32(uint32(i)), Val: c.addrPort(e)}
	}
	choices := c.anonymous(nftables.Set{IsMap: true, KeyType: nftables.TypeInteger, DataType: c.addrPortType()}, elements)
	out := []expr.Any{
		&expr.Numgen{Register: firstRegister, Type: unix.NFT_NG_RANDOM, Modulus: uint32(len(b.endpoints))},
		&expr.Lookup{SourceRegister: firstRegister, DestRegister: firstRegister, IsDestRegSet: true, SetID: choices.ID, SetName: choices.Name},
	}
	if b.memory != "" {
		out = append(out, b.remember(c)...)
	}
	return append(out, c.natFromRegister())
}

// remember writes the choice down. An element that is already there keeps its
// data and only has its time renewed, so a client whose endpoint is gone must
// be forgotten first.
func (b balance) remember(c *compiler) []expr.Any {
	client := firstRegister + c.addrPortWords()
	return []expr.Any{
		source.load(c.family, client),
		&expr.Dynset{SrcRegKey: client, SrcRegData: firstRegister, Operation: dynsetDelete, SetName: b.memory},
		&expr.Dynset{SrcRegKey: client, SrcRegData: firstRegister, Operation: unix.NFT_DYNSET_OP_UPDATE, SetName: b.memory},
	}
}

// recall sends a client to the endpoint it was sent to before, if that endpoint
// still takes connections, and renews its time. Otherwise the next rule decides.
type recall struct {
	endpoints []netip.AddrPort
	memory    string
}

func (r recall) text(f *family) string {
	live := make([]string, len(r.endpoints))
	for i, e := range r.endpoints {
		live[i] = fmt.Sprintf("%s . %d", e.Addr(), e.Port())
	}
	return fmt.Sprintf("%s saddr map @%s { %s } update @%[2]s dnat to it", f.name, r.memory, strings.Join(live, ", "))
}

func (r recall) compile(c *compiler) []expr.Any {
	live := make([]nftables.SetElement, len(r.endpoints))
	for i, e := range r.endpoints {
		live[i] = nftables.SetElement{Key: c.addrPort(e)}
	}
	alive := c.anonymous(nftables.Set{KeyType: c.addrPortType()}, live)
	client := firstRegister + c.addrPortWords()
	return []expr.Any{
		source.load(c.family, client),
		&expr.Lookup{SourceRegister: client, DestRegister: firstRegister, IsDestRegSet: true, SetName: r.memory},
		&expr.Lookup{SourceRegister: firstRegister, SetID: alive.ID, SetName: alive.Name},
		&expr.Dynset{SrcRegKey: client, SrcRegData: firstRegister, Operation: unix.NFT_DYNSET_OP_UPDATE, SetName: r.memory},
		c.natFromRegister(),
	}
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

func (f *family) addrPortWords() uint32 { return f.words() + 1 }

// natFromRegister rewrites the destination to what the first registers hold.
func (f *family) natFromRegister() expr.Any {
	return &expr.NAT{
		Type: expr.NATTypeDestNAT, Family: f.nfproto, Specified: true,
		RegAddrMin: firstRegister, RegProtoMin: firstRegister + f.words(),
	}
}

// dynsetDelete is NFT_DYNSET_OP_DELETE of linux/netfilter/nf_tables.h.
const dynsetDelete = 2
