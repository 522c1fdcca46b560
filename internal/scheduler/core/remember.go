package core

// perNode remembers something about every node, and works it out again only
// for those that changed.
type perNode[T any] struct {
	gens []uint64 // 0: nothing remembered
	of   []T
}

// refresh brings all values up to date. drop and keep, which may be nil, are
// told of each value that goes and comes, for sums over nodes.
func (c *perNode[T]) refresh(s *State, compute func(i int, n *node) T, drop, keep func(T)) {
	for i := len(s.nodes); i < len(c.gens); i++ {
		if drop != nil && c.gens[i] != 0 {
			drop(c.of[i])
		}
	}
	c.resize(len(s.nodes))
	for i, gen := range s.gens {
		if c.gens[i] == gen {
			continue
		}
		if drop != nil && c.gens[i] != 0 {
			drop(c.of[i])
		}
		c.of[i], c.gens[i] = compute(i, s.nodes[i]), gen
		if keep != nil {
			keep(c.of[i])
		}
	}
}

func (c *perNode[T]) resize(n int) {
	if n <= len(c.gens) {
		clear(c.of[n:])
		c.gens, c.of = c.gens[:n], c.of[:n]
		return
	}
	c.gens = append(c.gens, make([]uint64, n-len(c.gens))...)
	c.of = append(c.of, make([]T, n-len(c.of))...)
}

// cache keeps the classes used last.
type cache[T any] struct {
	entries map[string]*entry[T]
	clock   uint64
}

type entry[T any] struct {
	value T
	used  uint64
}

// maxClasses bounds the memory: a class costs some 50 bytes a node.
const maxClasses = 64

func (c *cache[T]) get(key string, build func() T) T {
	c.clock++
	if e, ok := c.entries[key]; ok {
		e.used = c.clock
		return e.value
	}
	if c.entries == nil {
		c.entries = map[string]*entry[T]{}
	}
	if len(c.entries) >= maxClasses {
		c.evict()
	}
	e := &entry[T]{value: build(), used: c.clock}
	c.entries[key] = e
	return e.value
}

// evict drops the class that was not used for longest.
func (c *cache[T]) evict() {
	oldest, when := "", c.clock
	for key, e := range c.entries {
		if e.used < when {
			oldest, when = key, e.used
		}
	}
	delete(c.entries, oldest)
}

// topology numbers the values that nodes have for one label key.
type topology struct {
	key    string
	ids    map[string]int32
	domain perNode[int32] // -1: the node has no such label
}

func (s *State) topology(key string) *topology {
	t, ok := s.topologies[key]
	if !ok {
		t = &topology{key: key, ids: map[string]int32{}}
		s.topologies[key] = t
	}
	t.domain.refresh(s, func(_ int, n *node) int32 { return t.id(n) }, nil, nil)
	return t
}

func (t *topology) id(n *node) int32 {
	value, ok := n.Labels[t.key]
	if !ok {
		return -1
	}
	id, ok := t.ids[value]
	if !ok {
		id = int32(len(t.ids))
		t.ids[value] = id
	}
	return id
}

// tally counts something by the domains of a topology.
type tally struct {
	topo *topology
	sum  []int64
}

func (t *tally) add(domain int32, n int64) {
	if domain < 0 {
		return
	}
	for int(domain) >= len(t.sum) {
		t.sum = append(t.sum, 0)
	}
	t.sum[domain] += n
}

// at is the count in the domain of node i.
func (t *tally) at(i int32) int64 {
	d := t.topo.domain.of[i]
	if d < 0 || int(d) >= len(t.sum) {
		return 0
	}
	return t.sum[d]
}
