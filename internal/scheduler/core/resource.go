package core

import (
	corev1 "k8s.io/api/core/v1"
)

// Resource is an amount of what nodes have and pods ask for: CPU in
// thousandths of a core, the rest in bytes or pieces.
type Resource struct {
	MilliCPU, Memory, Ephemeral int64
	Extended                    map[corev1.ResourceName]int64 // nil when empty
}

// resourceOf reads a ResourceList; pods are counted elsewhere.
func resourceOf(list corev1.ResourceList) (r Resource) {
	for name, q := range list {
		switch name {
		case corev1.ResourceCPU:
			r.MilliCPU = q.MilliValue()
		case corev1.ResourceMemory:
			r.Memory = q.Value()
		case corev1.ResourceEphemeralStorage:
			r.Ephemeral = q.Value()
		case corev1.ResourcePods:
		default:
			if r.Extended == nil {
				r.Extended = map[corev1.ResourceName]int64{}
			}
			r.Extended[name] = q.Value()
		}
	}
	return r
}

// add adds sign times o. Nodes own their Resource; those of pods are shared.
func (r *Resource) add(o Resource, sign int64) {
	r.MilliCPU += sign * o.MilliCPU
	r.Memory += sign * o.Memory
	r.Ephemeral += sign * o.Ephemeral
	for name, n := range o.Extended {
		if r.Extended == nil {
			r.Extended = map[corev1.ResourceName]int64{}
		}
		r.Extended[name] += sign * n
	}
}
