package proxy

import (
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

// protocol is a transport protocol's number.
type protocol uint8

const (
	tcp  protocol = unix.IPPROTO_TCP
	udp  protocol = unix.IPPROTO_UDP
	sctp protocol = unix.IPPROTO_SCTP
)

func (p protocol) String() string {
	switch p {
	case tcp:
		return "tcp"
	case udp:
		return "udp"
	default:
		return "sctp"
	}
}

func protocolNumber(p corev1.Protocol) (protocol, bool) {
	switch p {
	case corev1.ProtocolTCP, "":
		return tcp, true
	case corev1.ProtocolUDP:
		return udp, true
	case corev1.ProtocolSCTP:
		return sctp, true
	}
	return 0, false
}

// key is what a packet is looked up by: where it is going. For node ports and
// sets of addresses the rest is zero.
type key struct {
	addr     netip.Addr
	protocol protocol
	port     uint16
}

// A layout says which parts of a key a named set or map has.
type layout int

const (
	byAddrPort  layout = iota // address . protocol . port
	byPort                    // protocol . port
	byAddr                    // address
	byAddrTwice               // address . address, the same one: a pod that reaches itself
)

// keyType is the layout's type in the kernel.
func (l layout) keyType(f *family) nftables.SetDatatype {
	switch l {
	case byAddrPort:
		return nftables.MustConcatSetType(f.addr, nftables.TypeInetProto, nftables.TypeInetService)
	case byPort:
		return nftables.MustConcatSetType(nftables.TypeInetProto, nftables.TypeInetService)
	case byAddrTwice:
		return nftables.MustConcatSetType(f.addr, f.addr)
	default:
		return f.addr
	}
}

func (l layout) text(k key) string {
	switch l {
	case byAddrPort:
		return fmt.Sprintf("%s . %s . %d", k.addr, k.protocol, k.port)
	case byPort:
		return fmt.Sprintf("%s . %d", k.protocol, k.port)
	case byAddrTwice:
		return fmt.Sprintf("%s . %s", k.addr, k.addr)
	default:
		return k.addr.String()
	}
}

// bytes is the key as it stands in registers: every part begins a new word.
func (l layout) bytes(f *family, k key) []byte {
	word := func(b ...byte) []byte { return append(b, make([]byte, 4-len(b))...) }
	var out []byte
	if l != byPort {
		out = append(out, f.bytes(k.addr)...)
	}
	if l == byAddrTwice {
		out = append(out, f.bytes(k.addr)...)
	}
	if l == byAddrPort || l == byPort {
		out = append(out, word(byte(k.protocol))...)
		out = append(out, word(binaryutil.BigEndian.PutUint16(k.port)...)...)
	}
	return out
}

// fields is the packet's key, in nft's words.
func (l layout) fields(f *family) string {
	if l == byAddrPort {
		return f.name + " daddr . meta l4proto . th dport"
	}
	return "meta l4proto . th dport"
}

// load reads the packet's key into registers, beginning with the first, and
// says which one is next.
func (l layout) load(f *family) (loads []expr.Any, next uint32) {
	next = firstRegister
	if l == byAddrPort {
		loads = append(loads, destination.load(f, next))
		next += f.words()
	}
	return append(loads, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: next}, loadPort(next+1)), next + 2
}

// lookup follows the verdict that a named map has for the packet's destination;
// a packet that is not in the map goes on with the next rule.
type lookup struct {
	layout layout
	set    string
}

func (l lookup) text(f *family) string { return l.layout.fields(f) + " vmap @" + l.set }

func (l lookup) compile(c *compiler) []expr.Any {
	loads, _ := l.layout.load(c.family)
	return append(loads,
		&expr.Lookup{SourceRegister: firstRegister, DestRegister: verdictRegister, IsDestRegSet: true, SetName: l.set},
	)
}
