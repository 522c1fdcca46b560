package admission

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/core"
)

// TaintNodesByCondition keeps pods off a new node until the node controller
// has seen it ready.
type TaintNodesByCondition struct{}

// Name implements Plugin.
func (TaintNodesByCondition) Name() string { return "TaintNodesByCondition" }

// Admit implements Admitter.
func (TaintNodesByCondition) Admit(_ context.Context, r *Request) error {
	node, ok := r.Object.(*corev1.Node)
	if !ok || r.Operation != Create || !r.is(core.Node, "") {
		return nil
	}
	taint := corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule}
	if !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) }) {
		node.Spec.Taints = append(node.Spec.Taints, taint)
	}
	return nil
}
