package core

import (
	"fmt"
	"slices"
	"strings"
)

// Decision is where a pod should run, or why it cannot.
type Decision struct {
	Node     string // empty: nowhere
	Feasible int
	Failure  *Failure
}

// Failure counts the reasons for which nodes were rejected.
type Failure struct {
	Nodes   int
	Reasons map[string]int
	Plugins map[string]bool // that rejected at least one node

	resolvable []int32 // nodes on which another pod's going may help
}

// scratch is memory that Decide uses again.
type scratch struct {
	feasible []int32
	scores   []int64
	raw      []int64
}

// Decide finds the best node for p. It changes nothing that can be seen: the
// caller places the pod with SetPod.
func (s *State) Decide(p *Pod) Decision {
	local, across := s.localClass(p), s.acrossClass(p)
	feasible := s.scratch.feasible[:0]
	for i := range local.answers.of {
		if local.answers.of[i].reject == nil && (across == nil || across.reject(int32(i)) == nil) {
			feasible = append(feasible, int32(i))
		}
	}
	s.scratch.feasible = feasible
	if len(feasible) == 0 {
		return Decision{Failure: s.explain(local, across)}
	}
	return Decision{Node: s.nodes[s.best(feasible, local, across)].Name, Feasible: len(feasible)}
}

// best picks the node with the highest score; chance decides between equals.
func (s *State) best(feasible []int32, local *localClass, across *acrossClass) int32 {
	if len(feasible) == 1 {
		return feasible[0]
	}
	scores := zeroed(&s.scratch.scores, len(feasible))
	local.score(feasible, scores)
	if across != nil {
		across.score(feasible, scores, zeroed(&s.scratch.raw, len(feasible)))
	}
	start := s.chance.IntN(len(feasible))
	best := start
	for k := range scores {
		at := start + k
		if at >= len(scores) {
			at -= len(scores)
		}
		if scores[at] > scores[best] {
			best = at
		}
	}
	return feasible[best]
}

func zeroed(buf *[]int64, n int) []int64 {
	*buf = slices.Grow((*buf)[:0], n)[:n]
	clear(*buf)
	return *buf
}

func (s *State) explain(local *localClass, across *acrossClass) *Failure {
	f := &Failure{Nodes: len(s.nodes), Reasons: map[string]int{}, Plugins: map[string]bool{}}
	for i := range local.answers.of {
		r := local.answers.of[i].reject
		if r == nil {
			r = across.reject(int32(i))
		}
		for _, reason := range r.Reasons {
			f.Reasons[reason]++
		}
		f.Plugins[r.Plugin] = true
		if !r.Unresolvable {
			f.resolvable = append(f.resolvable, int32(i))
		}
	}
	return f
}

// Error words the failure as Kubernetes does.
func (f *Failure) Error() string {
	if f.Nodes == 0 {
		return "no nodes available to schedule pods"
	}
	reasons := make([]string, 0, len(f.Reasons))
	for reason, n := range f.Reasons {
		reasons = append(reasons, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(reasons)
	return fmt.Sprintf("0/%d nodes are available: %s.", f.Nodes, strings.Join(reasons, ", "))
}

// NoPreemption words, as Kubernetes does, that no pod's going would help.
func (f *Failure) NoPreemption() string {
	var parts []string
	if n := f.Nodes - len(f.resolvable); n > 0 {
		parts = append(parts, fmt.Sprintf("%d Preemption is not helpful for scheduling", n))
	}
	if n := len(f.resolvable); n > 0 {
		parts = append(parts, fmt.Sprintf("%d No preemption victims found for incoming pod", n))
	}
	slices.Sort(parts)
	return fmt.Sprintf("0/%d nodes are available: %s.", f.Nodes, strings.Join(parts, ", "))
}
