package core

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	schedulinghelper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
)

// taintToleration refuses nodes with a taint that the pod does not tolerate.
func taintToleration(p *Pod, n *node) *Rejection {
	for i := range n.Spec.Taints {
		t := &n.Spec.Taints[i]
		if t.Effect == corev1.TaintEffectPreferNoSchedule || tolerates(p, t) {
			continue
		}
		reason := fmt.Sprintf("node(s) had untolerated taint {%s: %s}", t.Key, t.Value)
		return &Rejection{Plugin: TaintToleration, Reasons: []string{reason}, Unresolvable: true}
	}
	return nil
}

// dislikedTaints counts the PreferNoSchedule taints that the pod does not
// tolerate.
func dislikedTaints(p *Pod, n *node) (count int32) {
	for i := range n.Spec.Taints {
		if t := &n.Spec.Taints[i]; t.Effect == corev1.TaintEffectPreferNoSchedule && !tolerates(p, t) {
			count++
		}
	}
	return count
}

func tolerates(p *Pod, t *corev1.Taint) bool {
	return schedulinghelper.TolerationsTolerateTaint(klog.Background(), p.Spec.Tolerations, t, true)
}
