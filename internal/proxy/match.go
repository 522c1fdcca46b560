package proxy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// field is an address field of the network header.
type field string

const (
	source      field = "saddr"
	destination field = "daddr"
)

func (d field) offset(f *family) uint32 {
	if d == source {
		return f.saddr
	}
	return f.daddr
}

func (d field) load(f *family, register uint32) expr.Any {
	return &expr.Payload{
		DestRegister: register, Base: expr.PayloadBaseNetworkHeader,
		Offset: d.offset(f), Len: f.addr.Bytes,
	}
}

// inPrefix matches packets whose field lies in the prefix, or outside of it.
type inPrefix struct {
	field  field
	not    bool
	prefix netip.Prefix
}

func (m inPrefix) text(f *family) string {
	value := m.prefix.Masked().String()
	if m.prefix.IsSingleIP() {
		value = m.prefix.Addr().String()
	}
	return f.name + " " + string(m.field) + " " + negation(m.not) + value
}

func (m inPrefix) compile(c *compiler) []expr.Any {
	p := m.prefix.Masked()
	mask := make([]byte, c.addr.Bytes)
	for i := range p.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	return []expr.Any{
		m.field.load(c.family, firstRegister),
		&expr.Bitwise{SourceRegister: firstRegister, DestRegister: firstRegister, Len: c.addr.Bytes, Mask: mask, Xor: make([]byte, c.addr.Bytes)},
		&expr.Cmp{Op: comparison(m.not), Register: firstRegister, Data: c.bytes(p.Addr())},
	}
}

// isLocal matches packets whose field is an address of this machine.
type isLocal struct{ field field }

func (m isLocal) text(*family) string { return "fib " + string(m.field) + " type local" }

func (m isLocal) compile(*compiler) []expr.Any {
	return []expr.Any{
		&expr.Fib{Register: firstRegister, ResultADDRTYPE: true, FlagSADDR: m.field == source, FlagDADDR: m.field == destination},
		&expr.Cmp{Op: expr.CmpOpEq, Register: firstRegister, Data: binaryutil.NativeEndian.PutUint32(unix.RTN_LOCAL)},
	}
}

// toPort matches a transport protocol and destination port.
type toPort struct {
	protocol protocol
	port     uint16
}

func (m toPort) text(*family) string { return fmt.Sprintf("%s dport %d", m.protocol, m.port) }

func (m toPort) compile(*compiler) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: firstRegister},
		&expr.Cmp{Op: expr.CmpOpEq, Register: firstRegister, Data: []byte{byte(m.protocol)}},
		loadPort(firstRegister),
		&expr.Cmp{Op: expr.CmpOpEq, Register: firstRegister, Data: binaryutil.BigEndian.PutUint16(m.port)},
	}
}

// loadPort reads the destination port: it stands at the same place in TCP, UDP
// and SCTP.
func loadPort(register uint32) expr.Any {
	return &expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2}
}

// fromOutside matches packets that came in over a link other than loopback.
type fromOutside struct{}

func (fromOutside) text(*family) string { return `iifname != "lo"` }

func (fromOutside) compile(*compiler) []expr.Any {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, "lo")
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyIIFNAME, Register: firstRegister},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: firstRegister, Data: name},
	}
}

// translated matches packets of connections whose destination was rewritten, or
// those of all others.
type translated struct{ not bool }

// statusDNAT is IPS_DST_NAT of linux/netfilter/nf_conntrack_common.h.
const statusDNAT = 1 << 5

func (m translated) text(*family) string {
	if m.not {
		return "ct status ! dnat"
	}
	return "ct status dnat"
}

func (m translated) compile(*compiler) []expr.Any {
	op := expr.CmpOpNeq
	if m.not {
		op = expr.CmpOpEq
	}
	return append([]expr.Any{&expr.Ct{Key: expr.CtKeySTATUS, Register: firstRegister}}, bitTest(statusDNAT, op)...)
}

// newConnection matches the packets that open a connection.
type newConnection struct{}

// stateNew is NF_CT_STATE_BIT(IP_CT_NEW).
const stateNew = 1 << 3

func (newConnection) text(*family) string { return "ct state new" }

func (newConnection) compile(*compiler) []expr.Any {
	return append([]expr.Any{&expr.Ct{Key: expr.CtKeySTATE, Register: firstRegister}}, bitTest(stateNew, expr.CmpOpNeq)...)
}

// bitTest compares one bit of the first register with zero.
func bitTest(bit uint32, op expr.CmpOp) []expr.Any {
	zero := binaryutil.NativeEndian.PutUint32(0)
	return []expr.Any{
		&expr.Bitwise{SourceRegister: firstRegister, DestRegister: firstRegister, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(bit), Xor: zero},
		&expr.Cmp{Op: op, Register: firstRegister, Data: zero},
	}
}

// inSet matches packets whose fields, concatenated, are an element of a set.
type inSet struct {
	fields []field
	set    string
}

func (m inSet) text(f *family) string {
	words := make([]string, len(m.fields))
	for i, d := range m.fields {
		words[i] = f.name + " " + string(d)
	}
	return strings.Join(words, " . ") + " @" + m.set
}

func (m inSet) compile(c *compiler) []expr.Any {
	var loads []expr.Any
	for i, d := range m.fields {
		loads = append(loads, d.load(c.family, firstRegister+uint32(i)*c.words()))
	}
	return append(loads, &expr.Lookup{SourceRegister: firstRegister, SetName: m.set})
}

func negation(not bool) string {
	if not {
		return "!= "
	}
	return ""
}

func comparison(not bool) expr.CmpOp {
	if not {
		return expr.CmpOpNeq
	}
	return expr.CmpOpEq
}
