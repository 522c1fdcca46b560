package proxy

import (
	"fmt"
	"net/netip"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// masqueradeBit of the packet mark says "this connection's source must become
// the node's address, unless its endpoint is on this node". It is the bit that
// other Kubernetes node software uses for the same purpose and leaves alone.
const masqueradeBit = 0x4000

// setMark marks the packet for masquerading.
type setMark struct{}

func (setMark) text(*family) string {
	return fmt.Sprintf("meta mark set meta mark | %#08x", masqueradeBit)
}

func (setMark) compile(*compiler) []expr.Any { return rewriteMark(masqueradeBit, masqueradeBit) }

// clearMark takes the mark away, so that it says nothing to whoever sees the
// packet next.
type clearMark struct{}

func (clearMark) text(*family) string {
	return fmt.Sprintf("meta mark set meta mark & %#08x", ^uint32(masqueradeBit))
}

func (clearMark) compile(*compiler) []expr.Any { return rewriteMark(masqueradeBit, 0) }

// rewriteMark gives the bits that clear selects the values of set.
func rewriteMark(clear, set uint32) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: firstRegister},
		&expr.Bitwise{
			SourceRegister: firstRegister, DestRegister: firstRegister, Len: 4,
			Mask: binaryutil.NativeEndian.PutUint32(^clear), Xor: binaryutil.NativeEndian.PutUint32(set),
		},
		&expr.Meta{Key: expr.MetaKeyMARK, Register: firstRegister, SourceRegister: true},
	}
}

// unmarked matches packets without the mark.
type unmarked struct{}

func (unmarked) text(*family) string {
	return fmt.Sprintf("meta mark & %#08x == 0x00000000", masqueradeBit)
}

func (unmarked) compile(*compiler) []expr.Any {
	return append([]expr.Any{&expr.Meta{Key: expr.MetaKeyMARK, Register: firstRegister}}, bitTest(masqueradeBit, expr.CmpOpEq)...)
}

// verdict ends the evaluation of a packet or moves it elsewhere. It is also
// what verdict maps hold.
type verdict struct {
	kind   expr.VerdictKind
	target string // chain, for jump and goto
}

var (
	drop         = verdict{kind: expr.VerdictDrop}
	returnToCall = verdict{kind: expr.VerdictReturn}
)

func jump(target string) verdict { return verdict{expr.VerdictJump, target} }
func goTo(target string) verdict { return verdict{expr.VerdictGoto, target} }

// leads reports whether the verdict leads to a chain, as all verdicts in maps
// do; the zero verdict is that of a set's elements and of having no route.
func (v verdict) leads() bool { return v.target != "" }

func (v verdict) kernel() *expr.Verdict {
	return &expr.Verdict{Kind: v.kind, Chain: v.target}
}

func (v verdict) text(*family) string {
	switch v.kind {
	case expr.VerdictDrop:
		return "drop"
	case expr.VerdictReturn:
		return "return"
	case expr.VerdictJump:
		return "jump " + v.target
	default:
		return "goto " + v.target
	}
}

func (v verdict) compile(*compiler) []expr.Any { return []expr.Any{v.kernel()} }

// reject answers with an ICMP error, so that a client fails at once instead of
// waiting for its timeout.
type reject struct{}

func (reject) text(*family) string { return "reject" }

func (reject) compile(c *compiler) []expr.Any {
	if c.family == ipv4 {
		return []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: 3}} // port unreachable
	}
	return []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: 4}} // the same in ICMPv6
}

// masquerade gives the connection the address of the link it leaves by. Source
// ports are drawn at random: two connections that start at once then rarely
// race for the same port, which would cost the loser its first packet.
type masquerade struct{}

func (masquerade) text(*family) string { return "masquerade fully-random" }

func (masquerade) compile(*compiler) []expr.Any { return []expr.Any{&expr.Masq{FullyRandom: true}} }

// rewrite sends the connection to one address.
type rewrite struct{ to netip.AddrPort }

func (r rewrite) text(*family) string { return "dnat to " + r.to.String() }

func (r rewrite) compile(c *compiler) []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: firstRegister, Data: c.bytes(r.to.Addr())},
		&expr.Immediate{Register: secondRegister, Data: binaryutil.BigEndian.PutUint16(r.to.Port())},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: c.nfproto, RegAddrMin: firstRegister, RegProtoMin: secondRegister, Specified: true},
	}
}
