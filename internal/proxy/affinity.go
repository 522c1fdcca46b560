package proxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Session affinity: the kernel itself keeps a set of clients for each endpoint,
// and forgets clients when their time is over. When an endpoint leaves the
// Service its set goes with it, so nobody has to follow which clients there are.
//
// One map from clients to endpoints would need fewer rules, but Debian 12's nft
// aborts on listing a rule that writes a looked-up value into a map.

// memory is the set of one endpoint's clients.
type memory struct {
	name    string
	timeout time.Duration // since the client's last connection
}

// addAffinity writes the chains of a Service port whose clients stay with their
// endpoints: one that looks for the client in the endpoints' sets or else
// chooses, and one for each endpoint, which notes the client down.
func (p *plan) addAffinity(sp servicePort, kind string, list []endpoint, timeout time.Duration) {
	var recall []rule
	var choices []string
	for _, e := range list {
		target := sp.chainName("endpoint") + "/" + nameOf(e.addr)
		clients := memory{fmt.Sprintf("%s/%s/%d", sp.chainName("affinity"), nameOf(e.addr), int(timeout.Seconds())), timeout}
		recall = append(recall, rule{inSet{[]field{source}, clients.name}, goTo(target)})
		choices = append(choices, target)
		if slices.Contains(p.memories, clients) {
			continue // the other kind of chain was here first
		}
		p.memories = append(p.memories, clients)
		p.chains = append(p.chains, chain{name: target, rules: []rule{{remember{clients.name}}, {rewrite{e.addr}}}})
	}
	p.chains = append(p.chains, chain{name: sp.chainName(kind), rules: append(recall, rule{spread{choices}})})
}

// nameOf is an endpoint in a form that may stand in a chain's name.
func nameOf(e netip.AddrPort) string {
	return fmt.Sprintf("%s/%d", strings.ReplaceAll(e.Addr().String(), ":", "."), e.Port())
}

// remember notes the client down, or prolongs its time. It is a rule of its
// own: when the set is full it fails, and the client only has no affinity.
type remember struct{ memory string }

func (r remember) text(f *family) string {
	return fmt.Sprintf("update @%s { %s saddr }", r.memory, f.name)
}

func (r remember) compile(c *compiler) []expr.Any {
	return []expr.Any{
		source.load(c.family, firstRegister),
		&expr.Dynset{SrcRegKey: firstRegister, Operation: unix.NFT_DYNSET_OP_UPDATE, SetName: r.memory},
	}
}

// spread goes on with one of the chains, each as likely as any other.
type spread struct{ targets []string }

func (s spread) text(f *family) string {
	pairs := make([]string, len(s.targets))
	for i, t := range s.targets {
		pairs[i] = fmt.Sprintf("%d : goto %s", i, t)
	}
	return fmt.Sprintf("numgen random mod %d vmap { %s }", len(s.targets), strings.Join(pairs, ", "))
}

func (s spread) compile(c *compiler) []expr.Any {
	elements := make([]nftables.SetElement, len(s.targets))
	for i, t := range s.targets {
		elements[i] = nftables.SetElement{Key: number(i), VerdictData: goTo(t).kernel()}
	}
	choices := c.anonymous(nftables.Set{IsMap: true, KeyType: nftables.TypeInteger, DataType: nftables.TypeVerdict}, elements)
	return []expr.Any{randomNumber(len(s.targets), firstRegister), find(choices, firstRegister, verdictRegister)}
}

// memory makes the set. Its size bounds what one endpoint's clients can make
// the kernel hold.
func (c *compiler) memory(m memory) *nftables.Set {
	set := c.clients(c.table, m.name)
	set.ID = c.newID()
	set.Dynamic = true
	set.Timeout = m.timeout
	set.Size = 65535
	set.KeyByteOrder = binaryutil.BigEndian
	return set
}

// clients is the set as the library needs it to read or add elements.
func (f *family) clients(t *nftables.Table, name string) *nftables.Set {
	return &nftables.Set{Table: t, Name: name, HasTimeout: true, KeyType: f.addr}
}

// remembered reads what the kernel knows about clients, for the endpoints that
// go on being ones.
func (k *kernel) remembered(s *state) map[string][]nftables.SetElement {
	kept := map[string][]nftables.SetElement{}
	for _, p := range s.plans {
		for _, m := range p.memories {
			elements, err := k.conn.GetSetElements(s.family.clients(k.table(s.family), m.name))
			if err == nil && len(elements) > 0 { // else there is no such set yet
				kept[m.name] = elements
			}
		}
	}
	return kept
}

// addRemembered gives clients the rest of their time with their endpoint.
func (k *kernel) addRemembered(c *compiler, kept map[string][]nftables.SetElement) error {
	for name, elements := range kept {
		for i := range elements {
			elements[i].Timeout = elements[i].Expires
		}
		for part := range slices.Chunk(elements, elementsPerMessage) {
			if err := k.conn.SetAddElements(c.clients(c.table, name), part); err != nil {
				return fmt.Errorf("set %s: %w", name, err)
			}
		}
	}
	return nil
}
