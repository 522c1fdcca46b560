package core

// localClass is what each node alone answers to pods of one kind.
type localClass struct {
	answers perNode[answer]
}

// answer is one node's.
type answer struct {
	reject   *Rejection
	score    int64 // of the plug-ins that need no comparison with other nodes, weighted
	disliked int32 // taints
	liking   int32 // preferred node affinity
}

func (s *State) localClass(p *Pod) *localClass {
	c := s.locals.get(p.localKey(), func() *localClass { return &localClass{} })
	c.answers.refresh(s, func(_ int, n *node) answer { return s.ask(p, n) }, nil, nil)
	return c
}

func (s *State) ask(p *Pod, n *node) answer {
	for _, f := range filters {
		if r := f(p, n); r != nil {
			return answer{reject: r}
		}
	}
	return answer{
		score: weightFit*leastAllocated(p, n) + weightBalanced*balancedAllocation(p, n) +
			weightImages*imageLocality(s, p, n),
		disliked: dislikedTaints(p, n),
		liking:   nodeLiking(p, n),
	}
}

// score adds the nodes' own scores. Taints and node affinity count in
// proportion to the node with most.
func (c *localClass) score(nodes []int32, into []int64) {
	var disliked, liking int64
	for _, i := range nodes {
		a := &c.answers.of[i]
		disliked, liking = max(disliked, int64(a.disliked)), max(liking, int64(a.liking))
	}
	for k, i := range nodes {
		a := &c.answers.of[i]
		score := a.score + weightTaints*maxScore
		if disliked > 0 {
			score -= weightTaints * maxScore * int64(a.disliked) / disliked
		}
		if liking > 0 {
			score += weightNodeAffinity * (maxScore * int64(a.liking) / liking)
		}
		into[k] += score
	}
}
