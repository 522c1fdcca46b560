package core

import corev1 "k8s.io/api/core/v1"

var cordoned = &Rejection{Plugin: NodeUnschedulable, Reasons: []string{"node(s) were unschedulable"}, Unresolvable: true}

var cordonTaint = corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}

// nodeUnschedulable refuses cordoned nodes, except to pods that tolerate it.
func nodeUnschedulable(p *Pod, n *node) *Rejection {
	if n.Spec.Unschedulable && !tolerates(p, &cordonTaint) {
		return cordoned
	}
	return nil
}
