package core

// acrossClass is what pods of one kind get to know about the pods in each
// node's topology domains.
type acrossClass struct {
	spread   *spreading
	affinity *affinities
}

// acrossClass brings the class of p up to date; nil when no other pod matters
// to p.
func (s *State) acrossClass(p *Pod) *acrossClass {
	if len(p.spread) == 0 && s.sociable == 0 && !p.sociable() {
		return nil
	}
	c := s.acrosses.get(p.acrossKey(), func() *acrossClass { return &acrossClass{} })
	if len(p.spread) > 0 {
		if c.spread == nil {
			c.spread = newSpreading(s, p)
		}
		c.spread.refresh(s, p)
	}
	if s.sociable > 0 || p.sociable() {
		if c.affinity == nil || c.affinity.nsVersion != s.nsVersion {
			c.affinity = newAffinities(s, p)
		}
		c.affinity.refresh(s, p)
	} else {
		c.affinity = nil
	}
	return c
}

func (c *acrossClass) reject(i int32) *Rejection {
	if c.spread != nil {
		if r := c.spread.reject(i); r != nil {
			return r
		}
	}
	if c.affinity != nil {
		return c.affinity.reject(i)
	}
	return nil
}

func (c *acrossClass) score(nodes []int32, into []int64, raw []int64) {
	if c.spread != nil {
		c.spread.score(nodes, into, raw)
	}
	if c.affinity != nil {
		c.affinity.score(nodes, into, raw)
	}
}
