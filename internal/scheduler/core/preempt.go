package core

import (
	"cmp"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Budget is what a PodDisruptionBudget says at the moment.
type Budget struct {
	Namespace string
	Selector  labels.Selector
	Allowed   int32 // further pods that may go
}

// Preemption is a node on which a pod could run if the victims went.
type Preemption struct {
	Node    string
	Victims []*Pod
}

// maxCandidates is how many nodes are compared at most; each costs a trial.
const maxCandidates = 100

// Preempt looks for the node where making room for p does least harm. It is
// asked when Decide has failed with f, and tries on the State itself, which is
// as before when it returns.
func (s *State) Preempt(p *Pod, f *Failure, budgets []Budget) (Preemption, bool) {
	if p.Spec.PreemptionPolicy != nil && *p.Spec.PreemptionPolicy == corev1.PreemptNever {
		return Preemption{}, false
	}
	var found []candidate
	for _, i := range f.resolvable {
		if c, ok := s.try(p, i, budgets); ok {
			found = append(found, c)
		}
		if len(found) == maxCandidates {
			break
		}
	}
	if len(found) == 0 {
		return Preemption{}, false
	}
	best := slices.MinFunc(found, candidate.compare)
	return Preemption{Node: s.nodes[best.node].Name, Victims: best.victims}, true
}

// candidate is one node with the pods that would have to go.
type candidate struct {
	node       int32
	victims    []*Pod // the most important first
	violations int    // of budgets
}

// try takes all less important pods off the node and, when p fits then, puts
// back as many as p leaves room for: first those that a budget protects, the
// most important first.
func (s *State) try(p *Pod, i int32, budgets []Budget) (candidate, bool) {
	name := s.nodes[i].Name
	var less []*Pod
	for _, q := range s.nodes[i].pods {
		if q.Priority < p.Priority {
			less = append(less, q)
		}
	}
	if len(less) == 0 {
		return candidate{}, false
	}
	slices.SortFunc(less, moreImportant)
	for _, q := range less {
		s.RemovePod(q.UID)
	}
	fits := s.fits(p, i)
	protected, others := split(less, budgets)
	c := candidate{node: i}
	for k, group := range [][]*Pod{protected, others} {
		for _, q := range group {
			s.SetPod(q, name)
			if !fits || s.fits(p, i) {
				continue
			}
			s.RemovePod(q.UID)
			c.victims = append(c.victims, q)
			if k == 0 {
				c.violations++
			}
		}
	}
	for _, q := range c.victims {
		s.SetPod(q, name)
	}
	slices.SortFunc(c.victims, moreImportant)
	return c, fits && len(c.victims) > 0
}

// fits says whether p can run on node i as things are.
func (s *State) fits(p *Pod, i int32) bool {
	if s.localClass(p).answers.of[i].reject != nil {
		return false
	}
	across := s.acrossClass(p)
	return across == nil || across.reject(i) == nil
}

// split tells the pods whose going would violate a budget from the others.
func split(pods []*Pod, budgets []Budget) (protected, others []*Pod) {
	left := make([]int32, len(budgets))
	for i := range budgets {
		left[i] = budgets[i].Allowed
	}
	for _, p := range pods {
		violates := false
		for i, b := range budgets {
			if b.Namespace == p.Namespace && !b.Selector.Empty() && b.Selector.Matches(labels.Set(p.Labels)) {
				left[i]--
				violates = violates || left[i] < 0
			}
		}
		if violates {
			protected = append(protected, p)
		} else {
			others = append(others, p)
		}
	}
	return protected, others
}

// compare puts the candidate first that violates fewest budgets, then whose
// most important victim is least important, then with the least sum of
// priorities, the fewest victims, and the victim that started last.
func (c candidate) compare(o candidate) int {
	return cmp.Or(
		cmp.Compare(c.violations, o.violations),
		cmp.Compare(c.victims[0].Priority, o.victims[0].Priority),
		cmp.Compare(c.sum(), o.sum()),
		cmp.Compare(len(c.victims), len(o.victims)),
		o.started().Compare(c.started().Time),
	)
}

// sum makes all priorities positive, so that more victims are never fewer.
func (c candidate) sum() (n int64) {
	for _, p := range c.victims {
		n += int64(p.Priority) + math.MaxInt32 + 1
	}
	return n
}

// started is when the oldest of the most important victims started.
func (c candidate) started() metav1.Time {
	t := startOf(c.victims[0])
	for _, p := range c.victims {
		if at := startOf(p); p.Priority == c.victims[0].Priority && at.Before(&t) {
			t = at
		}
	}
	return t
}

func startOf(p *Pod) metav1.Time {
	if p.Status.StartTime != nil {
		return *p.Status.StartTime
	}
	return p.CreationTimestamp
}

// moreImportant orders by priority, then by how long a pod has run.
func moreImportant(a, b *Pod) int {
	x, y := startOf(a), startOf(b)
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), x.Compare(y.Time), cmp.Compare(a.UID, b.UID))
}
