// Package nodelifecycle notices nodes whose kubelet has fallen silent, taints
// nodes by their conditions, and evicts the pods that do not tolerate it.
//
// It reads Nodes, the Leases in kube-node-lease, and Pods. It owns the taints
// that mirror conditions, the Unknown state of conditions that nobody reports
// any more, and the Ready condition of pods on nodes that are not ready.
// decide.go decides, node.go and evict.go act.
package nodelifecycle

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	schedulinghelper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
)

// DefaultGrace is how long a kubelet may be silent unless told otherwise.
const DefaultGrace = 50 * time.Second

// reported are the conditions that a kubelet reports.
var reported = []corev1.NodeConditionType{
	corev1.NodeReady, corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure,
}

// ready returns the node's Ready status; Unknown when it has none.
func ready(n *corev1.Node) corev1.ConditionStatus {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status
		}
	}
	return corev1.ConditionUnknown
}

// silence returns the conditions of a node whose kubelet is not heard any
// more; false: they say so already.
func silence(n *corev1.Node, now time.Time) ([]corev1.NodeCondition, bool) {
	conditions, changed := slices.Clone(n.Status.Conditions), false
	for _, kind := range reported {
		i := slices.IndexFunc(conditions, func(c corev1.NodeCondition) bool { return c.Type == kind })
		if i < 0 {
			conditions = append(conditions, corev1.NodeCondition{
				Type: kind, Status: corev1.ConditionUnknown, Reason: "NodeStatusNeverUpdated",
				Message: "Kubelet never posted node status.", LastTransitionTime: metav1.NewTime(now), LastHeartbeatTime: n.CreationTimestamp,
			})
			changed = true
			continue
		}
		if c := &conditions[i]; c.Status != corev1.ConditionUnknown {
			c.Status, c.Reason, c.Message = corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
			c.LastTransitionTime = metav1.NewTime(now)
			changed = true
		}
	}
	return conditions, changed
}

// mirrored are the taints that say what conditions and spec.unschedulable say.
var mirrored = []struct {
	key, effect string
	is          func(*corev1.Node) bool
}{
	{corev1.TaintNodeNotReady, "NoSchedule", notReady},
	{corev1.TaintNodeUnreachable, "NoSchedule", unreachable},
	{corev1.TaintNodeMemoryPressure, "NoSchedule", has(corev1.NodeMemoryPressure)},
	{corev1.TaintNodeDiskPressure, "NoSchedule", has(corev1.NodeDiskPressure)},
	{corev1.TaintNodePIDPressure, "NoSchedule", has(corev1.NodePIDPressure)},
	{corev1.TaintNodeNetworkUnavailable, "NoSchedule", has(corev1.NodeNetworkUnavailable)},
	{corev1.TaintNodeUnschedulable, "NoSchedule", func(n *corev1.Node) bool { return n.Spec.Unschedulable }},
	{corev1.TaintNodeNotReady, "NoExecute", notReady},
	{corev1.TaintNodeUnreachable, "NoExecute", unreachable},
}

func notReady(n *corev1.Node) bool    { return ready(n) == corev1.ConditionFalse }
func unreachable(n *corev1.Node) bool { return ready(n) == corev1.ConditionUnknown }

func has(kind corev1.NodeConditionType) func(*corev1.Node) bool {
	return func(n *corev1.Node) bool {
		return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == kind && c.Status == corev1.ConditionTrue
		})
	}
}

// taints returns the taints that the node should have; false: it has them.
// Without evictions, no NoExecute taint is added.
func taints(n *corev1.Node, evictions bool, now time.Time) ([]corev1.Taint, bool) {
	out, changed := slices.Clone(n.Spec.Taints), false
	for _, m := range mirrored {
		effect := corev1.TaintEffect(m.effect)
		i := slices.IndexFunc(out, func(t corev1.Taint) bool { return t.Key == m.key && t.Effect == effect })
		switch is := m.is(n); {
		case is && i < 0 && (evictions || effect == corev1.TaintEffectNoSchedule):
			added := metav1.NewTime(now)
			out = append(out, corev1.Taint{Key: m.key, Effect: effect, TimeAdded: &added})
			changed = true
		case !is && i >= 0:
			out = slices.Delete(out, i, i+1)
			changed = true
		}
	}
	return out, changed
}

// evictions says whether pods are to be evicted at all: not when no node is
// ready, because then it is likely we who cannot see.
func evictions(nodes []*corev1.Node) bool {
	return slices.ContainsFunc(nodes, func(n *corev1.Node) bool { return ready(n) == corev1.ConditionTrue })
}

// evictAt says when a pod has to leave a node with these taints; false: never.
func evictAt(p *corev1.Pod, taints []corev1.Taint, now time.Time) (at time.Time, ok bool) {
	for i := range taints {
		t := &taints[i]
		if t.Effect != corev1.TaintEffectNoExecute {
			continue
		}
		since := now
		if t.TimeAdded != nil {
			since = t.TimeAdded.Time
		}
		stay, forever := tolerated(p, t)
		if forever {
			continue
		}
		if leave := since.Add(stay); !ok || leave.Before(at) {
			at, ok = leave, true
		}
	}
	return at, ok
}

// tolerated says for how long the pod puts up with the taint: 0 when it does
// not at all. Of several tolerations, the shortest counts.
func tolerated(p *corev1.Pod, t *corev1.Taint) (stay time.Duration, forever bool) {
	found := false
	forever = true
	for i := range p.Spec.Tolerations {
		x := p.Spec.Tolerations[i : i+1]
		if !schedulinghelper.TolerationsTolerateTaint(klog.Background(), x, t, true) {
			continue
		}
		if s := x[0].TolerationSeconds; s != nil {
			d := time.Duration(max(*s, 0)) * time.Second
			if forever || d < stay {
				stay = d
			}
			forever = false
		}
		found = true
	}
	if !found {
		return 0, false
	}
	return stay, forever
}
