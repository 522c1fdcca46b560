package proxy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"skiff/internal/tablewatch"
)

// kernel writes tables over one netlink connection, which stays in the network
// namespace where it was opened. It is used by one goroutine at a time.
type kernel struct {
	conn  *nftables.Conn
	name  string            // of the tables
	watch *tablewatch.Watch // of changes by others; may be nil
}

func openKernel(table string, watch *tablewatch.Watch) (*kernel, error) {
	conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(largeBuffers, watch.Own))
	if err != nil {
		return nil, fmt.Errorf("open nftables netlink socket: %w", err)
	}
	return &kernel{conn: conn, name: table, watch: watch}, nil
}

func (k *kernel) close() { _ = k.conn.CloseLasting() }

// largeBuffers makes room for the whole table in one transaction, and for the
// kernel's answer to each of its messages. These are limits: memory is used
// only while a transaction of that size is under way.
func largeBuffers(c *netlink.Conn) error {
	const size = 256 << 20
	if err := c.SetWriteBuffer(size); err != nil {
		return fmt.Errorf("enlarge netlink send buffer: %w", err)
	}
	if err := c.SetReadBuffer(size); err != nil {
		return fmt.Errorf("enlarge netlink receive buffer: %w", err)
	}
	return nil
}

func (k *kernel) table(f *family) *nftables.Table {
	return &nftables.Table{Name: k.name, Family: f.table}
}

// replace writes whole tables in place of what the kernel has, in one
// transaction: packets see the old table or the new one, never none. Clients
// keep the endpoints they were sent to.
func (k *kernel) replace(cfg *Config, states []*state, keep map[*family][]setting) error {
	for _, s := range states {
		kept := k.remembered(s)
		t := k.table(s.family)
		k.conn.AddTable(t) // so that there is one to delete
		k.conn.DelTable(t)
		k.conn.AddTable(t)
		c := &compiler{family: s.family, table: t}
		k.addNamedSets(c)
		base := baseChains(s.family, cfg)
		k.declare(c, base)
		k.fill(c, base)
		k.addSettings(t, keep[s.family])
		all := s.everything()
		if err := k.putChains(c, all); err != nil {
			return err
		}
		if err := k.putElements(c, all); err != nil {
			return err
		}
		if err := k.addRemembered(c, kept); err != nil {
			return err
		}
	}
	return k.flush()
}

// apply writes changes in the order in which packets may meet them, each step a
// transaction of its own: chains, then the elements that lead to them, then the
// end of what no packet can look for any more. One transaction would not do: a
// packet sees the rules as they were when it entered the table, but the elements
// as they are when it looks them up, so an element that came together with its
// chain would lead such a packet to a chain that is still empty.
func (k *kernel) apply(changes map[*family]*change) error {
	for _, step := range []func(*compiler, *change) error{k.putChains, k.putElements, k.retire} {
		for _, f := range families {
			if c := changes[f]; c != nil && !c.isEmpty() {
				if err := step(&compiler{family: f, table: k.table(f)}, c); err != nil {
					return err
				}
			}
		}
		if err := k.flush(); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the tables; it is no error if there are none.
func (k *kernel) remove() error {
	for _, f := range families {
		t := k.table(f)
		k.conn.AddTable(t)
		k.conn.DelTable(t)
	}
	return k.flush()
}

func (k *kernel) flush() error {
	if err := k.conn.Flush(); err != nil {
		return fmt.Errorf("write nftables table %s: %w", k.name, err)
	}
	return nil
}

// putChains queues new chains, and new rules for those that were there.
func (k *kernel) putChains(c *compiler, ch *change) error {
	for _, m := range ch.addMemories {
		if err := k.conn.AddSet(c.memory(m), nil); err != nil {
			return err
		}
	}
	k.declare(c, ch.putChains)
	k.empty(c, ch.putChains)
	k.fill(c, ch.putChains)
	return nil
}

// putElements queues the elements that lead from addresses to endpoints.
func (k *kernel) putElements(c *compiler, ch *change) error {
	return errors.Join(
		k.choices(c, ch.removeChoices, k.conn.SetDeleteElements),
		k.elements(c, ch.removeElements, k.conn.SetDeleteElements),
		k.elements(c, ch.addElements, k.conn.SetAddElements),
		k.choices(c, ch.addChoices, k.conn.SetAddElements),
	)
}

// retire queues the end of what nothing leads to any more.
func (k *kernel) retire(c *compiler, ch *change) error {
	if err := k.choices(c, ch.retireChoices, k.conn.SetDeleteElements); err != nil {
		return err
	}
	k.drop(c, ch.removeChains)
	for _, name := range ch.removeMemories {
		k.conn.DelSet(&nftables.Set{Table: c.table, Name: name})
	}
	return nil
}

func (k *kernel) addNamedSets(c *compiler) {
	for _, s := range namedSets {
		set := &nftables.Set{
			ID: c.newID(), Table: c.table, Name: s.name, KeyType: s.layout.keyType(c.family),
			KeyByteOrder: binaryutil.BigEndian, IsMap: s.isMap,
		}
		if s.isMap {
			set.DataType = nftables.TypeVerdict
		}
		_ = k.conn.AddSet(set, nil) // fails for anonymous sets only
	}
	for _, s := range choiceSets {
		set := &nftables.Set{
			ID: c.newID(), Table: c.table, Name: s.name, IsMap: true, KeyByteOrder: binaryutil.BigEndian,
			KeyType: s.keyType(c.family), DataType: c.addrPortType(),
		}
		_ = k.conn.AddSet(set, nil)
	}
}

// declare makes chains, base chains with their hooks.
func (k *kernel) declare(c *compiler, chains []chain) {
	for _, ch := range chains {
		kc := &nftables.Chain{Table: c.table, Name: ch.name}
		if h := ch.hook; h != nil {
			kc.Type, kc.Hooknum, kc.Priority = h.kind, h.number, &h.priority
		}
		k.conn.AddChain(kc)
	}
}

func (k *kernel) empty(c *compiler, chains []chain) {
	for _, ch := range chains {
		k.conn.FlushChain(&nftables.Chain{Table: c.table, Name: ch.name})
	}
}

// fill writes the chains' rules, each after the anonymous sets it uses.
func (k *kernel) fill(c *compiler, chains []chain) {
	for _, ch := range chains {
		for _, r := range ch.rules {
			exprs := r.compile(c)
			k.addAnonymous(c)
			k.conn.AddRule(&nftables.Rule{Table: c.table, Chain: &nftables.Chain{Table: c.table, Name: ch.name}, Exprs: exprs})
		}
	}
}

// addAnonymous sends the sets of one rule. The library limits itself to one
// message per anonymous set, which a long list of endpoints does not fit in; to
// the kernel such a set is like any other until a rule uses it.
func (k *kernel) addAnonymous(c *compiler) {
	for _, s := range c.sets {
		if len(s.elements) <= elementsPerMessage {
			_ = k.conn.AddSet(s.set, s.elements)
			continue
		}
		_ = k.conn.AddSet(s.set, nil)
		named := *s.set
		named.Anonymous = false
		for part := range slices.Chunk(s.elements, elementsPerMessage) {
			_ = k.conn.SetAddElements(&named, part)
		}
	}
	c.sets = c.sets[:0]
}

// drop deletes chains: first their rules, which may refer to one another.
func (k *kernel) drop(c *compiler, names []string) {
	for _, name := range names {
		k.conn.FlushChain(&nftables.Chain{Table: c.table, Name: name})
	}
	for _, name := range names {
		k.conn.DelChain(&nftables.Chain{Table: c.table, Name: name})
	}
}

// elementsPerMessage keeps a list of elements below 64 KB, the longest that an
// attribute can be, with chain names of any length.
const elementsPerMessage = 128

// elements queues additions or deletions, set by set.
func (k *kernel) elements(c *compiler, list []element, do func(*nftables.Set, []nftables.SetElement) error) error {
	for _, s := range namedSets {
		var own []nftables.SetElement
		for _, e := range list {
			if e.set == s.name {
				own = append(own, s.element(c.family, e))
			}
		}
		for part := range slices.Chunk(own, elementsPerMessage) {
			set := &nftables.Set{Table: c.table, Name: s.name, IsMap: s.isMap}
			if err := do(set, part); err != nil {
				return fmt.Errorf("set %s: %w", s.name, err)
			}
		}
	}
	return nil
}

// choices queues additions or deletions of numbered endpoints.
func (k *kernel) choices(c *compiler, list []choice, do func(*nftables.Set, []nftables.SetElement) error) error {
	for _, s := range choiceSets {
		var own []nftables.SetElement
		for _, ch := range list {
			if ch.set == s.of {
				own = append(own, s.element(c.family, ch))
			}
		}
		for part := range slices.Chunk(own, elementsPerMessage) {
			if err := do(&nftables.Set{Table: c.table, Name: s.name, IsMap: true}, part); err != nil {
				return fmt.Errorf("map %s: %w", s.name, err)
			}
		}
	}
	return nil
}

func (s namedSet) element(f *family, e element) nftables.SetElement {
	out := nftables.SetElement{Key: s.layout.bytes(f, e.key)}
	if s.isMap {
		out.VerdictData = e.verdict.kernel()
	}
	return out
}

// isNotFound reports whether the kernel has no such object. Some of the
// library's errors carry the kernel's error as text only.
func isNotFound(err error) bool {
	return err != nil && (errors.Is(err, unix.ENOENT) || strings.Contains(err.Error(), unix.ENOENT.Error()))
}
