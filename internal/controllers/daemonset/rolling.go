package daemonset

import (
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"skiff/internal/controllers/pods"
)

func (v view) rolling() *appsv1.RollingUpdateDaemonSet {
	if v.ds.Spec.UpdateStrategy.Type != appsv1.RollingUpdateDaemonSetStrategyType {
		return nil
	}
	if r := v.ds.Spec.UpdateStrategy.RollingUpdate; r != nil {
		return r
	}
	return &appsv1.RollingUpdateDaemonSet{}
}

// wanted is how many nodes are to have a pod.
func (v view) wanted() (n int) {
	for _, node := range v.nodes {
		if node.run {
			n++
		}
	}
	return n
}

func (v view) maxSurge() int {
	r := v.rolling()
	if r == nil {
		return 0
	}
	return scaled(r.MaxSurge, 0, v.wanted())
}

// maxUnavailable is at least 1 where there is no surge: an update must be able
// to move.
func (v view) maxUnavailable() int {
	r := v.rolling()
	if r == nil {
		return 0
	}
	n := scaled(r.MaxUnavailable, 1, v.wanted())
	if n == 0 && v.maxSurge() == 0 {
		return 1
	}
	return n
}

func scaled(value *intstr.IntOrString, otherwise int32, total int) int {
	n, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(value, intstr.FromInt32(otherwise)), total, true)
	if err != nil {
		return 0 // validation refuses such a value
	}
	return n
}

// pair is the pods of one node: one of the newest template, one of an older.
type pair struct {
	node     string
	new, old *corev1.Pod
	several  bool // more of one than there can be: place removes some first
}

func (v view) pairs() (out []pair) {
	for _, name := range slices.Sorted(maps.Keys(v.nodes)) {
		if !v.nodes[name].run && len(v.pods[name]) == 0 {
			continue
		}
		p := pair{node: name}
		for _, pod := range living(v.pods[name]) {
			slot := &p.old
			if v.current(pod) {
				slot = &p.new
			}
			p.several = p.several || *slot != nil
			*slot = pod
		}
		out = append(out, p)
	}
	return out
}

func (v view) available(p *corev1.Pod) bool {
	ok, _ := pods.Available(p, time.Duration(v.ds.Spec.MinReadySeconds)*time.Second, v.now)
	return ok
}

// update moves a RollingUpdate on by what its limits allow now.
func (v view) update() plan {
	switch {
	case v.rolling() == nil:
		return plan{}
	case v.maxSurge() > 0:
		return v.surge()
	}
	return v.replace()
}

// replace deletes old pods: those that are no use at once, the others as long
// as no more than maxUnavailable nodes are without.
func (v view) replace() plan {
	var broken, candidates []*corev1.Pod
	unavailable := 0
	for _, p := range v.pairs() {
		switch {
		case p.several || (p.new == nil) == (p.old == nil):
			unavailable++ // place is about to settle it
		case p.new != nil:
			if !v.available(p.new) {
				unavailable++
			}
		case !v.available(p.old):
			broken = append(broken, p.old)
			unavailable++
		default:
			candidates = append(candidates, p.old)
		}
	}
	room := min(max(v.maxUnavailable()-unavailable, 0), len(candidates))
	return plan{remove: append(broken, candidates[:room]...)}
}

// surge makes new pods beside the old ones, on maxSurge nodes at a time, and
// deletes an old one when the new one is available.
func (v view) surge() (do plan) {
	var candidates []string
	surging := 0
	for _, p := range v.pairs() {
		switch {
		case p.several:
			surging++
		case p.old == nil: // moved, or place is about to make one
		case p.new != nil:
			surging++
			if v.available(p.new) {
				do.remove = append(do.remove, p.old)
			}
		case !v.nodes[p.node].run: // a pod may stay, but no other would come
		case !v.available(p.old):
			do.create = append(do.create, p.node)
		default:
			candidates = append(candidates, p.node)
		}
	}
	room := min(max(v.maxSurge()-surging, 0), len(candidates))
	do.create = append(do.create, candidates[:room]...)
	return do
}
