package pods

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SortForDeletion puts those pods first that a controller with too many should
// delete first: those that do least work, then those that the user priced
// lowest, then those on the most crowded node (crowd counts, by node name, the
// pods that share a purpose), then the newest.
func SortForDeletion(list []*corev1.Pod, crowd map[string]int, now time.Time) {
	slices.SortStableFunc(list, func(a, b *corev1.Pod) int {
		return cmp.Or(
			falseFirst(a.Spec.NodeName != "", b.Spec.NodeName != ""),
			cmp.Compare(phaseRank(a), phaseRank(b)),
			falseFirst(Ready(a), Ready(b)),
			cmp.Compare(deletionCost(a), deletionCost(b)),
			cmp.Compare(crowd[b.Spec.NodeName], crowd[a.Spec.NodeName]),
			newerFirst(readySince(a), readySince(b), now),
			cmp.Compare(restarts(b), restarts(a)),
			newerFirst(a.CreationTimestamp, b.CreationTimestamp, now),
			cmp.Compare(a.UID, b.UID),
		)
	})
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func phaseRank(p *corev1.Pod) int {
	switch p.Status.Phase {
	case corev1.PodRunning:
		return 2
	case corev1.PodUnknown:
		return 1
	}
	return 0
}

// deletionCost is what controller.kubernetes.io/pod-deletion-cost says; an
// unreadable value counts as none.
func deletionCost(p *corev1.Pod) int {
	n, err := strconv.ParseInt(p.Annotations[corev1.PodDeletionCost], 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

func readySince(p *corev1.Pod) metav1.Time {
	if c := Condition(p, corev1.PodReady); c != nil && c.Status == corev1.ConditionTrue {
		return c.LastTransitionTime
	}
	return metav1.Time{}
}

// newerFirst compares ages by their order of magnitude, so that among pods of
// much the same age the choice is not always the youngest (KEP-2185). Those
// without a time come first.
func newerFirst(a, b metav1.Time, now time.Time) int {
	if a.IsZero() || b.IsZero() {
		return falseFirst(!a.IsZero(), !b.IsZero())
	}
	return cmp.Compare(magnitude(now.Sub(a.Time)), magnitude(now.Sub(b.Time)))
}

func magnitude(age time.Duration) int {
	if age <= 0 {
		return -1
	}
	return int(math.Log2(float64(age)))
}

// restarts is the highest restart count among the pod's containers.
func restarts(p *corev1.Pod) (n int32) {
	for _, c := range p.Status.ContainerStatuses {
		n = max(n, c.RestartCount)
	}
	return n
}
