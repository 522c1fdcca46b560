package statefulset

import (
	"cmp"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"skiff/internal/controllers/pods"
)

// view is what one reconciliation sees.
type view struct {
	set *appsv1.StatefulSet
	// current and update are names of revisions: what the pods were last all
	// of, and what they are to become.
	current, update string
	pods            []*corev1.Pod // those of set's names; such as were asked to go show it
	now             time.Time
}

// plan is one step: the numbers to make pods for, in their order, the pods to
// look after and those to delete.
type plan struct {
	create []int
	tend   []*corev1.Pod // identity and claims are to be checked
	remove []*corev1.Pod
}

func (v view) ordered() bool { return v.set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement }

// wanted returns the pods of the numbers that the set has, nil where there is
// none; condemned are the others, the highest first.
func (v view) sort() (wanted, condemned []*corev1.Pod) {
	wanted = make([]*corev1.Pod, replicas(v.set))
	for _, p := range v.pods {
		if i := ordinalOf(v.set, p) - first(v.set); i >= 0 && i < len(wanted) {
			wanted[i] = p
		} else {
			condemned = append(condemned, p)
		}
	}
	slices.SortFunc(condemned, func(a, b *corev1.Pod) int {
		return cmp.Compare(ordinalOf(v.set, b), ordinalOf(v.set, a))
	})
	return wanted, condemned
}

func (v view) minReady() time.Duration {
	return time.Duration(v.set.Spec.MinReadySeconds) * time.Second
}

// running: the pod does what it is there for.
func running(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodRunning && pods.Ready(p) && p.DeletionTimestamp == nil
}

// settled: and has done so for long enough.
func (v view) settled(p *corev1.Pod) bool {
	ok, _ := pods.Available(p, v.minReady(), v.now)
	return running(p) && ok
}

// decide says what to do now. In an ordered set that is one thing at a time.
func (v view) decide() (do plan) {
	if v.set.DeletionTimestamp != nil {
		return do
	}
	wanted, condemned := v.sort()
	if v.fill(wanted, &do) || v.shrink(wanted, condemned, &do) {
		return do
	}
	do.remove = append(do.remove, v.roll(wanted)...)
	return do
}

// fill makes what is missing and replaces what has ended; stop says that what
// comes after must wait.
func (v view) fill(wanted []*corev1.Pod, do *plan) (stop bool) {
	for i, p := range wanted {
		switch {
		case p == nil:
			do.create = append(do.create, first(v.set)+i)
		case p.DeletionTimestamp != nil: // its name is not free yet
		case pods.Terminal(p):
			do.remove = append(do.remove, p)
		default:
			do.tend = append(do.tend, p)
			if v.settled(p) {
				continue
			}
		}
		if v.ordered() {
			return true
		}
	}
	return false
}

// shrink deletes the pods of numbers that the set has no more.
func (v view) shrink(wanted, condemned []*corev1.Pod, do *plan) (stop bool) {
	unhealthy := v.firstUnhealthy(wanted, condemned)
	for _, p := range condemned {
		switch {
		case p.DeletionTimestamp != nil:
		case v.ordered() && !running(p) && p != unhealthy: // the other must mend first
		default:
			do.remove = append(do.remove, p)
		}
		if v.ordered() {
			return true
		}
	}
	return false
}

// firstUnhealthy is the lowest of the pods that do not run.
func (v view) firstUnhealthy(wanted, condemned []*corev1.Pod) (found *corev1.Pod) {
	for _, p := range slices.Concat(wanted, condemned) {
		if p != nil && !running(p) && (found == nil || ordinalOf(v.set, p) < ordinalOf(v.set, found)) {
			found = p
		}
	}
	return found
}

// roll deletes pods that are not of the newest template, from the highest
// number down to the partition, so that no more than maxUnavailable are
// without. They come back as new ones.
func (v view) roll(wanted []*corev1.Pod) (remove []*corev1.Pod) {
	if v.set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return nil
	}
	room := v.maxUnavailable()
	for _, p := range wanted {
		if p == nil || !v.settled(p) {
			room--
		}
	}
	for i := len(wanted) - 1; i >= v.partition(); i-- {
		p := wanted[i]
		if p == nil || p.DeletionTimestamp != nil || p.Labels[revisionLabel] == v.update {
			continue
		}
		if v.settled(p) {
			if room <= 0 {
				break
			}
			room--
		}
		remove = append(remove, p)
		if v.maxUnavailable() == 1 {
			break
		}
	}
	return remove
}

func (v view) partition() int {
	if r := v.set.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		return max(int(*r.Partition)-first(v.set), 0)
	}
	return 0
}

func (v view) maxUnavailable() int {
	r := v.set.Spec.UpdateStrategy.RollingUpdate
	if r == nil || r.MaxUnavailable == nil {
		return 1
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, replicas(v.set), false)
	if err != nil {
		return 1 // validation refuses such a value
	}
	return max(n, 1)
}

// revisionFor is the revision that a new pod of a number is made of: one that
// is lost below the partition comes back as it was.
func (v view) revisionFor(ordinal int) string {
	if v.set.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType && ordinal-first(v.set) < v.partition() {
		return v.current
	}
	return v.update
}
