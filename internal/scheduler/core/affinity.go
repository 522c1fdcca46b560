package core

import "math"

var (
	farFromOthers = &Rejection{Plugin: InterPodAffinity, Reasons: []string{"node(s) didn't match pod affinity rules"}, Unresolvable: true}
	nearOthers    = &Rejection{Plugin: InterPodAffinity, Reasons: []string{"node(s) didn't match pod anti-affinity rules"}}
	unwelcome     = &Rejection{Plugin: InterPodAffinity, Reasons: []string{"node(s) didn't satisfy existing pods anti-affinity rules"}}
)

// affinities counts, for a class of pods, by domain: the pods that each of
// their terms selects, the pods whose anti-affinity keeps them away, and how
// welcome they are.
type affinities struct {
	affinity, anti []*tally // one for each term of the pod
	unwelcome      []*tally // one for each topology key that other pods name
	welcome        []*tally // likewise; sums of weights
	seen           perNode[[]addend]
	nsVersion      uint64
	selfMatch      bool // the pod meets its own affinity terms
	any            bool // some pod meets them
}

// addend is what one node adds to one tally.
type addend struct {
	to     *tally
	domain int32
	n      int64
}

func newAffinities(s *State, p *Pod) *affinities {
	c := &affinities{nsVersion: s.nsVersion, selfMatch: len(p.affinity) > 0}
	for i := range p.affinity {
		c.affinity = append(c.affinity, &tally{topo: s.topology(p.affinity[i].key)})
		c.selfMatch = c.selfMatch && p.affinity[i].matches(p, s.namespaces)
	}
	for i := range p.antiAffinity {
		c.anti = append(c.anti, &tally{topo: s.topology(p.antiAffinity[i].key)})
	}
	return c
}

func (c *affinities) refresh(s *State, p *Pod) {
	for _, list := range [][]*tally{c.affinity, c.anti, c.unwelcome, c.welcome} {
		for _, t := range list {
			s.topology(t.topo.key)
		}
	}
	drop := func(list []addend) {
		for _, a := range list {
			a.to.add(a.domain, -a.n)
		}
	}
	keep := func(list []addend) {
		for _, a := range list {
			a.to.add(a.domain, a.n)
		}
	}
	c.seen.refresh(s, func(_ int, n *node) []addend { return c.on(s, p, n) }, drop, keep)
	c.any = false
	for _, t := range c.affinity {
		for _, n := range t.sum {
			c.any = c.any || n > 0
		}
	}
}

// on is what the pods of one node mean to p.
func (c *affinities) on(s *State, p *Pod, n *node) (out []addend) {
	add := func(t *tally, w int64) {
		if d := t.topo.id(n); d >= 0 && w != 0 {
			out = append(out, addend{t, d, w})
		}
	}
	if len(p.affinity)+len(p.antiAffinity)+len(p.likes) > 0 {
		for _, q := range n.pods {
			c.meant(s, p, q, add)
		}
	}
	for _, q := range n.sociable {
		c.heard(s, p, q, add)
	}
	return out
}

// meant is what p says about q.
func (c *affinities) meant(s *State, p, q *Pod, add func(*tally, int64)) {
	if len(p.affinity) > 0 && matchesAll(p.affinity, q, s) {
		for _, t := range c.affinity {
			add(t, 1)
		}
	}
	for i := range p.antiAffinity {
		if p.antiAffinity[i].matches(q, s.namespaces) {
			add(c.anti[i], 1)
		}
	}
	for i := range p.likes {
		if t := &p.likes[i]; t.matches(q, s.namespaces) {
			add(tallyOf(s, &c.welcome, t.key), t.weight)
		}
	}
}

// heard is what q says about p.
func (c *affinities) heard(s *State, p, q *Pod, add func(*tally, int64)) {
	for i := range q.antiAffinity {
		if t := &q.antiAffinity[i]; t.matches(p, s.namespaces) {
			add(tallyOf(s, &c.unwelcome, t.key), 1)
		}
	}
	for i := range q.affinity {
		if t := &q.affinity[i]; t.matches(p, s.namespaces) {
			add(tallyOf(s, &c.welcome, t.key), hardPodAffinityScore)
		}
	}
	for i := range q.likes {
		if t := &q.likes[i]; t.matches(p, s.namespaces) {
			add(tallyOf(s, &c.welcome, t.key), t.weight)
		}
	}
}

func matchesAll(terms []term, q *Pod, s *State) bool {
	for i := range terms {
		if !terms[i].matches(q, s.namespaces) {
			return false
		}
	}
	return true
}

// tallyOf finds or adds the tally of a topology key.
func tallyOf(s *State, list *[]*tally, key string) *tally {
	for _, t := range *list {
		if t.topo.key == key {
			return t
		}
	}
	t := &tally{topo: s.topology(key)}
	*list = append(*list, t)
	return t
}

func (c *affinities) reject(i int32) *Rejection {
	if !c.nearEnough(i) {
		return farFromOthers
	}
	for _, t := range c.anti {
		if t.at(i) > 0 {
			return nearOthers
		}
	}
	for _, t := range c.unwelcome {
		if t.at(i) > 0 {
			return unwelcome
		}
	}
	return nil
}

// nearEnough checks the required affinity. The first of a group of pods that
// want to be near each other may go anywhere.
func (c *affinities) nearEnough(i int32) bool {
	met := true
	for _, t := range c.affinity {
		if t.topo.domain.of[i] < 0 {
			return false
		}
		met = met && t.at(i) > 0
	}
	return met || !c.any && c.selfMatch
}

// score stretches the sums of weights over the whole range of scores.
func (c *affinities) score(nodes []int32, into, raw []int64) {
	if len(c.welcome) == 0 {
		return
	}
	lowest, highest := int64(math.MaxInt64), int64(math.MinInt64)
	for k, i := range nodes {
		raw[k] = 0
		for _, t := range c.welcome {
			raw[k] += t.at(i)
		}
		lowest, highest = min(lowest, raw[k]), max(highest, raw[k])
	}
	if highest == lowest {
		return
	}
	for k := range nodes {
		into[k] += weightPodAffinity * (maxScore * (raw[k] - lowest) / (highest - lowest))
	}
}
