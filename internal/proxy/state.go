package proxy

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// state is the table that the kernel should hold for one family: the plans of
// all Services. It has no kernel, clock or client in it.
type state struct {
	family *family
	plans  map[types.NamespacedName]plan
	// claims says who wants each element. Two Services may name the same
	// external address and port, and two may have the same endpoint.
	claims map[place][]claim
}

// place is a key in a named set.
type place struct {
	set string
	key key
}

type claim struct {
	owner   types.NamespacedName
	verdict verdict
}

func newState(f *family) *state {
	return &state{family: f, plans: map[types.NamespacedName]plan{}, claims: map[place][]claim{}}
}

// change is what must be written to get from one state to the next. Its parts
// are applied in the order of its fields, in one transaction.
type change struct {
	removeElements []element
	addMemories    []memory
	putChains      []chain // made if they are new; their rules replaced if not
	addElements    []element
	removeChains   []string
	removeMemories []string
}

func (c *change) isEmpty() bool {
	return len(c.removeElements)+len(c.addMemories)+len(c.putChains)+len(c.addElements)+len(c.removeChains)+len(c.removeMemories) == 0
}

// set replaces the plan of a Service and adds what that changes to c. An empty
// plan removes the Service.
func (s *state) set(name types.NamespacedName, next plan, c *change) {
	old := s.plans[name]
	if len(next.chains)+len(next.elements) == 0 {
		delete(s.plans, name)
	} else {
		s.plans[name] = next
	}
	s.diffChains(old, next, c)
	diffMemories(old, next, c)
	s.diffElements(name, old, next, c)
}

func (s *state) diffChains(old, next plan, c *change) {
	before := map[string]string{}
	for _, ch := range old.chains {
		before[ch.name] = ch.text(s.family)
	}
	for _, ch := range next.chains {
		if text, ok := before[ch.name]; !ok || text != ch.text(s.family) {
			c.putChains = append(c.putChains, ch)
		}
		delete(before, ch.name)
	}
	for _, ch := range old.chains {
		if _, gone := before[ch.name]; gone {
			c.removeChains = append(c.removeChains, ch.name)
		}
	}
}

func diffMemories(old, next plan, c *change) {
	for _, m := range next.memories {
		if !slices.Contains(old.memories, m) {
			c.addMemories = append(c.addMemories, m)
		}
	}
	for _, m := range old.memories {
		if !slices.Contains(next.memories, m) {
			c.removeMemories = append(c.removeMemories, m.name)
		}
	}
}

// diffElements moves the Service's claims, and writes only those places where
// the winner changed.
func (s *state) diffElements(name types.NamespacedName, old, next plan, c *change) {
	var touched []place
	winners := map[place]*claim{}
	touch := func(at place) {
		if _, seen := winners[at]; !seen {
			winners[at] = s.winner(at)
			touched = append(touched, at)
		}
	}
	for _, e := range old.elements {
		at := place{e.set, e.key}
		touch(at)
		s.release(at, name)
	}
	for _, e := range next.elements {
		at := place{e.set, e.key}
		touch(at)
		s.claims[at] = append(s.claims[at], claim{name, e.verdict})
	}
	for _, at := range touched {
		was, is := winners[at], s.winner(at)
		if was != nil && is != nil && was.verdict == is.verdict {
			continue
		}
		if was != nil {
			c.removeElements = append(c.removeElements, element{at.set, at.key, was.verdict})
		}
		if is != nil {
			c.addElements = append(c.addElements, element{at.set, at.key, is.verdict})
		}
	}
}

// winner is the claim that the kernel follows: the first by the Services'
// names, so that every node agrees, whatever the order of events.
func (s *state) winner(at place) *claim {
	claims := s.claims[at]
	if len(claims) == 0 {
		return nil
	}
	first := slices.MinFunc(claims, func(a, b claim) int { return compareNames(a.owner, b.owner) })
	return &first
}

func (s *state) release(at place, name types.NamespacedName) {
	left := slices.DeleteFunc(s.claims[at], func(c claim) bool { return c.owner == name })
	if len(left) == 0 {
		delete(s.claims, at)
		return
	}
	s.claims[at] = left
}

// everything is the change that writes the whole state into an empty table.
func (s *state) everything() *change {
	c := &change{}
	for _, p := range s.plans {
		c.putChains = append(c.putChains, p.chains...)
		c.addMemories = append(c.addMemories, p.memories...)
	}
	for at := range s.claims {
		c.addElements = append(c.addElements, element{at.set, at.key, s.winner(at).verdict})
	}
	slices.SortFunc(c.putChains, func(a, b chain) int { return cmp.Compare(a.name, b.name) })
	slices.SortFunc(c.addMemories, func(a, b memory) int { return cmp.Compare(a.name, b.name) })
	slices.SortFunc(c.addElements, compareElements)
	return c
}

func compareElements(a, b element) int {
	return cmp.Or(cmp.Compare(a.set, b.set), a.key.addr.Compare(b.key.addr),
		cmp.Compare(a.key.protocol, b.key.protocol), cmp.Compare(a.key.port, b.key.port))
}

func compareNames(a, b types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}
