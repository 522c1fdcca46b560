package proxy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// Shared chains pick among N endpoints for any Service that has N of them: the
// packet's own key and a random number below N are looked up in a map of all
// endpoints. A table of 10,000 Services has a handful of these chains, and a
// change of endpoints is a change of elements, which the kernel takes in a
// fraction of a millisecond however large the table is; rules with chains it
// would check all over again.

// pickChainName names the shared chain for a kind of frontend.
func pickChainName(fr frontend, n int) string {
	switch {
	case fr.internal:
		return fmt.Sprintf("pick/%d", n)
	case fr.key.addr.IsValid():
		return fmt.Sprintf("pick-external/%d", n)
	default:
		return fmt.Sprintf("pick-nodeport/%d", n)
	}
}

// pickChain makes the shared chain of that name.
func pickChain(name string, n int) chain {
	r := rule{pick{choiceSets[0], n}}
	switch {
	case strings.HasPrefix(name, "pick-external/"):
		r = rule{setMark{}, pick{choiceSets[0], n}}
	case strings.HasPrefix(name, "pick-nodeport/"):
		r = rule{setMark{}, pick{choiceSets[1], n}}
	}
	return chain{name: name, rules: []rule{r}}
}

// pick sends a new connection to one of the endpoints that its key has in a
// map, each as likely as any other.
type pick struct {
	set choiceSet
	n   int
}

func (p pick) text(f *family) string {
	return fmt.Sprintf("dnat %s to %s . numgen random mod %d map @%s", f.name, p.set.layout.fields(f), p.n, p.set.name)
}

func (p pick) compile(c *compiler) []expr.Any {
	loads, next := p.set.layout.load(c.family)
	return append(loads,
		randomNumber(p.n, next),
		&expr.Lookup{SourceRegister: firstRegister, DestRegister: firstRegister, IsDestRegSet: true, SetName: p.set.name},
		c.natFrom(firstRegister),
	)
}

// choice is one numbered endpoint of an element of a map.
type choice struct {
	set    string // the map with the element
	key    key
	number uint32
	to     netip.AddrPort
}

// choiceSet maps a key and a number to an endpoint.
type choiceSet struct {
	name   string
	of     string // the map whose elements' endpoints these are
	layout layout
}

// keyType declares the number as a mark: nft reads marks as the kernel writes
// random numbers, in the machine's byte order.
func (s choiceSet) keyType(f *family) nftables.SetDatatype {
	parts := []nftables.SetDatatype{nftables.TypeInetProto, nftables.TypeInetService, nftables.TypeMark}
	if s.layout == byAddrPort {
		parts = append([]nftables.SetDatatype{f.addr}, parts...)
	}
	return nftables.MustConcatSetType(parts...)
}

func (s choiceSet) element(f *family, c choice) nftables.SetElement {
	return nftables.SetElement{
		Key: append(s.layout.bytes(f, c.key), number(int(c.number))...),
		Val: f.addrPort(c.to),
	}
}

func (c choice) text() string {
	for _, s := range choiceSets {
		if s.of == c.set {
			return fmt.Sprintf("%s { %s . %#08x : %s . %d }", s.name, s.layout.text(c.key), c.number, c.to.Addr(), c.to.Port())
		}
	}
	return ""
}
