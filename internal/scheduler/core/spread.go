package core

import (
	"math"

	"k8s.io/apimachinery/pkg/labels"
)

var (
	unevenly = &Rejection{Plugin: PodTopologySpread, Reasons: []string{"node(s) didn't match pod topology spread constraints"}}
	noDomain = &Rejection{
		Plugin: PodTopologySpread, Unresolvable: true,
		Reasons: []string{"node(s) didn't match pod topology spread constraints (missing required label)"},
	}
)

// spreading counts, for each spread constraint of a class of pods, the
// matching pods in each domain.
type spreading struct {
	each []*spreadCount
}

// spreadCount is one constraint.
type spreadCount struct {
	constraint
	pods  tally // matching pods in each domain
	nodes tally // nodes that count, in each domain
	seen  perNode[spreadOn]
	self  int64 // 1 when the pod itself matches

	least   int64   // matching pods in the emptiest domain
	domains int     // domains that have nodes that count
	weight  float64 // of the score: more for many domains
}

// spreadOn is what one node adds.
type spreadOn struct {
	domain      int32
	pods, nodes int64
}

func newSpreading(s *State, p *Pod) *spreading {
	c := &spreading{}
	for _, k := range p.spread {
		t := s.topology(k.key)
		one := &spreadCount{constraint: k, pods: tally{topo: t}, nodes: tally{topo: t}}
		if k.selector.Matches(labels.Set(p.Labels)) {
			one.self = 1
		}
		c.each = append(c.each, one)
	}
	return c
}

func (c *spreading) refresh(s *State, p *Pod) {
	for _, k := range c.each {
		s.topology(k.key)
		k.seen.refresh(s, func(_ int, n *node) spreadOn { return k.on(p, n) }, k.drop, k.keep)
		k.sumUp()
	}
}

func (k *spreadCount) on(p *Pod, n *node) spreadOn {
	if !k.counts(p, n) {
		return spreadOn{domain: -1}
	}
	on := spreadOn{domain: k.pods.topo.id(n), nodes: 1}
	for _, q := range n.pods {
		if q.Namespace == p.Namespace && q.DeletionTimestamp == nil && k.selector.Matches(labels.Set(q.Labels)) {
			on.pods++
		}
	}
	return on
}

// counts says whether the node takes part: it has all the labels that
// constraints of the same sort speak of, and the pod could run there as far as
// the constraint's policies ask.
func (k *spreadCount) counts(p *Pod, n *node) bool {
	for i := range p.spread {
		if _, ok := n.Labels[p.spread[i].key]; !ok && p.spread[i].hard == k.hard {
			return false
		}
	}
	if !k.ignoreNodes && nodeAffinity(p, n) != nil {
		return false
	}
	return !k.honorTaints || taintToleration(p, n) == nil
}

func (k *spreadCount) keep(on spreadOn) {
	k.pods.add(on.domain, on.pods)
	k.nodes.add(on.domain, on.nodes)
}
func (k *spreadCount) drop(on spreadOn) {
	k.pods.add(on.domain, -on.pods)
	k.nodes.add(on.domain, -on.nodes)
}

func (k *spreadCount) sumUp() {
	k.least, k.domains = math.MaxInt64, 0
	for d, nodes := range k.nodes.sum {
		if nodes > 0 {
			k.domains++
			k.least = min(k.least, k.pods.sum[d])
		}
	}
	if k.domains == 0 || int64(k.domains) < k.minDomains {
		k.least = 0
	}
	k.weight = math.Log(float64(k.domains + 2))
}

func (c *spreading) reject(i int32) *Rejection {
	for _, k := range c.each {
		if !k.hard {
			continue
		}
		if k.pods.topo.domain.of[i] < 0 {
			return noDomain
		}
		if k.pods.at(i)+k.self-k.least > k.maxSkew {
			return unevenly
		}
	}
	return nil
}

// score prefers the domains with fewest matching pods, as far as constraints
// are wishes (ScheduleAnyway).
func (c *spreading) score(nodes []int32, into, raw []int64) {
	soft, lowest, highest := false, int64(math.MaxInt64), int64(0)
	for k, i := range nodes {
		sum, off := 0.0, false
		for _, one := range c.each {
			if one.hard {
				continue
			}
			soft = true
			if one.pods.topo.domain.of[i] < 0 {
				off = true
				break
			}
			sum += float64(one.pods.at(i))*one.weight + float64(one.maxSkew-1)
		}
		if raw[k] = -1; !off {
			raw[k] = int64(math.Round(sum))
			lowest, highest = min(lowest, raw[k]), max(highest, raw[k])
		}
	}
	if !soft {
		return
	}
	for k := range nodes {
		switch {
		case raw[k] < 0: // a node without the label is the last choice
		case highest == 0:
			into[k] += weightSpread * maxScore
		default:
			into[k] += weightSpread * (maxScore * (highest + lowest - raw[k]) / highest)
		}
	}
}
