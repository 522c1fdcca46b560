package deployment

import (
	"cmp"
	"math"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// resize is a ReplicaSet and the size that it is to have.
type resize struct {
	set *appsv1.ReplicaSet
	to  int32
}

func replicas(d *appsv1.Deployment) int32 { return orOne(d.Spec.Replicas) }

func size(rs *appsv1.ReplicaSet) int32 { return orOne(rs.Spec.Replicas) }

func orOne(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

func rolling(d *appsv1.Deployment) bool {
	return d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType
}

// fenceposts says by how many pods a rollout may exceed and fall short of the
// wanted number. Both cannot be zero: nothing could ever move.
func fenceposts(d *appsv1.Deployment) (surge, unavailable int32) {
	r := d.Spec.Strategy.RollingUpdate
	if !rolling(d) || r == nil {
		return 0, 0
	}
	surge = scaled(r.MaxSurge, replicas(d), true)
	unavailable = scaled(r.MaxUnavailable, replicas(d), false)
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return surge, unavailable
}

func scaled(v *intstr.IntOrString, total int32, up bool) int32 {
	n, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(v, intstr.FromInt32(0)), int(total), up)
	if err != nil {
		return 0 // validation refuses such a value
	}
	return int32(n)
}

func maxSurge(d *appsv1.Deployment) int32 {
	surge, _ := fenceposts(d)
	return surge
}

func maxUnavailable(d *appsv1.Deployment) int32 {
	_, unavailable := fenceposts(d)
	return min(unavailable, replicas(d))
}

// newSize is the size that the current ReplicaSet (nil: not made yet) may have
// now, beside the old ones.
func newSize(d *appsv1.Deployment, current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) int32 {
	have := int32(0)
	if current != nil {
		have = size(current)
	}
	want := replicas(d)
	if !rolling(d) || have >= want {
		return want
	}
	room := want + maxSurge(d) - have - total(old)
	return have + min(max(room, 0), want-have)
}

// shrinkOld says by how much the old ReplicaSets may shrink while enough pods
// stay available: first pods that are not available anyway, then available
// ones, of the oldest ReplicaSet first.
func shrinkOld(d *appsv1.Deployment, current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) []resize {
	atLeast := replicas(d) - maxUnavailable(d)
	unavailableNew := size(current) - current.Status.AvailableReplicas
	spare := total(old) + size(current) - atLeast - unavailableNew
	if total(old) == 0 || spare <= 0 {
		return nil
	}
	left := map[*appsv1.ReplicaSet]int32{}
	old = oldestFirst(old)
	for _, rs := range old {
		broken := max(size(rs)-rs.Status.AvailableReplicas, 0)
		n := min(spare, broken)
		left[rs], spare = size(rs)-n, spare-n
	}
	available := current.Status.AvailableReplicas
	for _, rs := range old {
		available += rs.Status.AvailableReplicas
	}
	for extra, i := available-atLeast, 0; extra > 0 && i < len(old); i++ {
		n := min(extra, left[old[i]])
		left[old[i]], extra = left[old[i]]-n, extra-n
	}
	var out []resize
	for _, rs := range old {
		if left[rs] != size(rs) {
			out = append(out, resize{rs, left[rs]})
		}
	}
	return out
}

// rescale adjusts the ReplicaSets to a new size of the Deployment without
// taking a rollout further. In the middle of one, all that have pods grow or
// shrink in proportion.
func rescale(d *appsv1.Deployment, current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) []resize {
	if only, ok := single(current, old); ok {
		if only == nil {
			return nil
		}
		return []resize{{only, replicas(d)}}
	}
	if saturated(d, current) {
		return toZero(old)
	}
	if !rolling(d) {
		return nil
	}
	return proportional(d, active(append(slices.Clone(old), current)))
}

// single returns the only ReplicaSet to scale: the one with pods, or when none
// has, the current or else the newest. ok is false when several have pods.
func single(current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) (rs *appsv1.ReplicaSet, ok bool) {
	switch with := active(append(slices.Clone(old), current)); {
	case len(with) > 1:
		return nil, false
	case len(with) == 1:
		return with[0], true
	case current != nil:
		return current, true
	case len(old) == 0:
		return nil, true
	default:
		return oldestFirst(old)[len(old)-1], true
	}
}

// saturated says whether the current ReplicaSet has all of the pods that the
// Deployment wants, available.
func saturated(d *appsv1.Deployment, current *appsv1.ReplicaSet) bool {
	if current == nil {
		return false
	}
	desired, ok := sizeOf(current, desiredAnnotation)
	want := replicas(d)
	return ok && desired == want && size(current) == want && current.Status.AvailableReplicas == want
}

// proportional shares out what is to be added or taken. The largest sets get
// theirs first, and the first also what rounding leaves.
func proportional(d *appsv1.Deployment, sets []*appsv1.ReplicaSet) []resize {
	allowed := int32(0)
	if replicas(d) > 0 {
		allowed = replicas(d) + maxSurge(d)
	}
	change := allowed - total(sets)
	slices.SortStableFunc(sets, func(a, b *appsv1.ReplicaSet) int {
		byAge := age(a, b) // growing: the newer first; shrinking: the older first
		if change > 0 {
			byAge = -byAge
		}
		return cmp.Or(cmp.Compare(size(b), size(a)), byAge)
	})
	out := make([]resize, 0, len(sets))
	given := int32(0)
	for _, rs := range sets {
		n := share(d, rs, change, given)
		given += n
		out = append(out, resize{rs, size(rs) + n})
	}
	if change != 0 && len(out) > 0 {
		out[0].to = max(out[0].to+change-given, 0)
	}
	return out
}

// share is rs's part of change, of which given is gone already.
func share(d *appsv1.Deployment, rs *appsv1.ReplicaSet, change, given int32) int32 {
	if change == 0 || size(rs) == 0 {
		return 0
	}
	part := -size(rs)
	if replicas(d) > 0 {
		before, ok := sizeOf(rs, maxAnnotation)
		if !ok || before == 0 {
			before = d.Status.Replicas
		}
		if before == 0 {
			return 0
		}
		whole := float64(size(rs)) * float64(replicas(d)+maxSurge(d)) / float64(before)
		part = int32(math.Round(whole)) - size(rs)
	}
	if change > 0 {
		return min(part, change-given)
	}
	return max(part, change-given)
}

func toZero(sets []*appsv1.ReplicaSet) (out []resize) {
	for _, rs := range active(sets) {
		out = append(out, resize{rs, 0})
	}
	return out
}

// active returns the sets that want pods; nil ones are left out.
func active(sets []*appsv1.ReplicaSet) (out []*appsv1.ReplicaSet) {
	for _, rs := range sets {
		if rs != nil && size(rs) > 0 {
			out = append(out, rs)
		}
	}
	return out
}

func total(sets []*appsv1.ReplicaSet) (n int32) {
	for _, rs := range sets {
		n += size(rs)
	}
	return n
}

func oldestFirst(sets []*appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	sets = slices.Clone(sets)
	slices.SortFunc(sets, age)
	return sets
}

func age(a, b *appsv1.ReplicaSet) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}
