package proxy

import (
	"cmp"
	"maps"
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
	// users counts the elements that lead to each shared chain.
	users map[string]int
}

// place is a key in a named set.
type place struct {
	set string
	key key
}

type claim struct {
	owner   types.NamespacedName
	element element
}

func newState(f *family) *state {
	return &state{family: f, plans: map[types.NamespacedName]plan{}, claims: map[place][]claim{}, users: map[string]int{}}
}

// change is what must be written to get from one state to the next, in three
// steps, each a transaction that packets see as a whole.
type change struct {
	addMemories []memory
	putChains   []chain // made if they are new; their rules replaced if not

	removeChoices  []choice
	removeElements []element
	addElements    []element
	addChoices     []choice

	// retireChoices goes after the elements: a packet that is being looked at
	// meanwhile may have read that there are three endpoints before, and look
	// for the third one after.
	retireChoices  []choice
	removeChains   []string
	removeMemories []string
}

func (c *change) isEmpty() bool {
	return len(c.removeChoices)+len(c.removeElements)+len(c.addMemories)+len(c.putChains)+len(c.addElements)+
		len(c.addChoices)+len(c.removeChains)+len(c.removeMemories)+len(c.retireChoices) == 0
}

// update replaces the plans of some Services, and says what that changes. An
// empty plan removes the Service.
func (s *state) update(names []types.NamespacedName, planOf func(types.NamespacedName) plan) *change {
	c := &change{}
	before := map[place]*element{}
	var touched []place
	touch := func(at place) {
		if _, seen := before[at]; !seen {
			before[at] = s.winner(at)
			touched = append(touched, at)
		}
	}
	for _, name := range names {
		old, next := s.plans[name], planOf(name)
		s.diffChains(old, next, c)
		diffMemories(old, next, c)
		for _, e := range old.elements {
			touch(place{e.set, e.key})
			s.release(place{e.set, e.key}, name)
		}
		for _, e := range next.elements {
			at := place{e.set, e.key}
			touch(at)
			s.claims[at] = append(s.claims[at], claim{name, e})
		}
		s.keep(name, next)
	}
	for _, at := range touched {
		diffElement(before[at], s.winner(at), c)
	}
	s.diffShared(touched, before, c)
	return c
}

func (s *state) keep(name types.NamespacedName, p plan) {
	if len(p.chains)+len(p.elements) == 0 {
		delete(s.plans, name)
		return
	}
	s.plans[name] = p
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

// diffElement writes what one place holds now in place of what it held; nil is
// nothing.
func diffElement(was, is *element, c *change) {
	var old, next element
	if was != nil {
		old = *was
	}
	if is != nil {
		next = *is
	}
	if was == nil || is == nil || old.verdict != next.verdict {
		if was != nil {
			c.removeElements = append(c.removeElements, old)
		}
		if is != nil {
			c.addElements = append(c.addElements, next)
		}
	}
	diffChoices(old, next, c)
}

// diffChoices compares the endpoints number by number.
func diffChoices(old, next element, c *change) {
	for i, to := range old.choices {
		gone := choice{old.set, old.key, uint32(i), to}
		switch {
		case i >= len(next.choices):
			c.retireChoices = append(c.retireChoices, gone)
		case next.choices[i] != to:
			c.removeChoices = append(c.removeChoices, gone)
		}
	}
	for i, to := range next.choices {
		if i >= len(old.choices) || old.choices[i] != to {
			c.addChoices = append(c.addChoices, choice{next.set, next.key, uint32(i), to})
		}
	}
}

// diffShared makes the shared chains that are used for the first time, and
// deletes those that no element leads to any more.
func (s *state) diffShared(touched []place, before map[place]*element, c *change) {
	had := map[string]bool{}
	sizes := map[string]int{}
	count := func(e *element, by int) {
		if e == nil || len(e.choices) == 0 {
			return
		}
		name := e.verdict.target
		if _, seen := had[name]; !seen {
			had[name] = s.users[name] > 0
			sizes[name] = len(e.choices)
		}
		s.users[name] += by
	}
	for _, at := range touched {
		count(before[at], -1)
		count(s.winner(at), +1)
	}
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		switch has := s.users[name] > 0; {
		case has && !had[name]:
			c.putChains = append(c.putChains, pickChain(name, sizes[name]))
		case !has && had[name]:
			c.removeChains = append(c.removeChains, name)
		}
		if s.users[name] == 0 {
			delete(s.users, name)
		}
	}
}

// winner is the claim that the kernel follows: the first by the Services'
// names, so that every node agrees, whatever the order of events.
func (s *state) winner(at place) *element {
	claims := s.claims[at]
	if len(claims) == 0 {
		return nil
	}
	first := slices.MinFunc(claims, func(a, b claim) int { return compareNames(a.owner, b.owner) })
	return &first.element
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
	made := map[string]bool{}
	for _, p := range s.plans {
		c.putChains = append(c.putChains, p.chains...)
		c.addMemories = append(c.addMemories, p.memories...)
	}
	for at := range s.claims {
		e := s.winner(at)
		c.addElements = append(c.addElements, *e)
		diffChoices(element{}, *e, c)
		if name := e.verdict.target; len(e.choices) > 0 && !made[name] {
			made[name] = true
			c.putChains = append(c.putChains, pickChain(name, len(e.choices)))
		}
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
