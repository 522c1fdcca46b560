// Package replicaset keeps as many pods running as each ReplicaSet asks for.
//
// It reads ReplicaSets and Pods; it owns the pods' existence and owner
// references and the ReplicaSets' status. decide.go holds the decisions,
// controller.go carries them out.
package replicaset

import (
	"maps"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/controllers/pods"
)

// burst is how many pods one reconciliation makes or deletes at most.
const burst = 500

// plan is what is to be done about the number of pods.
type plan struct {
	create int
	remove []*corev1.Pod
}

// decide compares the active pods with what rs wants. crowd counts related
// pods by node.
func decide(rs *appsv1.ReplicaSet, active []*corev1.Pod, crowd map[string]int, now time.Time) plan {
	if rs.DeletionTimestamp != nil {
		return plan{}
	}
	excess := len(active) - int(replicas(rs))
	if excess <= 0 {
		return plan{create: min(-excess, burst)}
	}
	if excess < len(active) { // otherwise all go, in any order
		pods.SortForDeletion(active, crowd, now)
	}
	return plan{remove: active[:min(excess, burst)]}
}

func replicas(rs *appsv1.ReplicaSet) int32 {
	if rs.Spec.Replicas == nil {
		return 1
	}
	return *rs.Spec.Replicas
}

// active returns the pods that count as replicas: going are those that were
// asked to go though the informer does not show it yet.
func active(list []*corev1.Pod, going map[types.UID]bool) (out []*corev1.Pod) {
	for _, p := range list {
		if pods.Active(p) && !going[p.UID] {
			out = append(out, p)
		}
	}
	return out
}

// status computes rs's status from its pods; failure is what went wrong in
// this reconciliation, if anything. recheck is when the next pod turns
// available by the mere passing of time; 0: none will.
func status(rs *appsv1.ReplicaSet, owned, active []*corev1.Pod, failure *failure, now time.Time) (s appsv1.ReplicaSetStatus, recheck time.Duration) {
	s = *rs.Status.DeepCopy()
	template := labels.SelectorFromSet(rs.Spec.Template.Labels)
	minReady := time.Duration(rs.Spec.MinReadySeconds) * time.Second
	s.Replicas, s.FullyLabeledReplicas, s.ReadyReplicas, s.AvailableReplicas = int32(len(active)), 0, 0, 0
	for _, p := range active {
		if template.Matches(labels.Set(p.Labels)) {
			s.FullyLabeledReplicas++
		}
		if pods.Ready(p) {
			s.ReadyReplicas++
		}
		switch ok, in := pods.Available(p, minReady, now); {
		case ok:
			s.AvailableReplicas++
		case in > 0 && (recheck == 0 || in < recheck):
			recheck = in
		}
	}
	terminating := int32(0)
	for _, p := range owned {
		if p.DeletionTimestamp != nil && !pods.Terminal(p) {
			terminating++
		}
	}
	s.TerminatingReplicas = &terminating
	s.ObservedGeneration = rs.Generation
	s.Conditions = failure.set(s.Conditions, now)
	return s, recheck
}

// failure is why pods could not be made or deleted.
type failure struct {
	reason  string // FailedCreate, FailedDelete
	message string
}

// set writes the ReplicaFailure condition, or removes it when f is nil. One
// that stands is left as it is: its time says since when.
func (f *failure) set(conditions []appsv1.ReplicaSetCondition, now time.Time) []appsv1.ReplicaSetCondition {
	var out []appsv1.ReplicaSetCondition
	for _, c := range conditions {
		if c.Type != appsv1.ReplicaSetReplicaFailure {
			out = append(out, c)
		} else if f != nil {
			return conditions
		}
	}
	if f == nil {
		return out
	}
	return append(out, appsv1.ReplicaSetCondition{
		Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue,
		LastTransitionTime: metav1.NewTime(now), Reason: f.reason, Message: f.message,
	})
}

// newPod is the pod that rs makes.
func newPod(rs *appsv1.ReplicaSet, kind schema.GroupVersionKind) *corev1.Pod {
	return pods.FromTemplate(&rs.Spec.Template, rs, *metav1.NewControllerRef(rs, kind))
}

// crowd counts the active pods of related ReplicaSets by node.
func crowd(related []*corev1.Pod) map[string]int {
	count := map[string]int{}
	for _, p := range related {
		if pods.Active(p) {
			count[p.Spec.NodeName]++
		}
	}
	maps.DeleteFunc(count, func(node string, _ int) bool { return node == "" })
	return count
}
