package quota

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
)

// Change is a write that may use up quota.
type Change struct {
	Resource schema.GroupResource
	Object   api.Object
	Old      api.Object // nil on create
}

// Counts says whether a write to a resource may use quota at all: every new
// object may, and changes of those that are measured by more than their number.
func Counts(gr schema.GroupResource, subresource string, update bool) bool {
	switch {
	case !update:
		return subresource == ""
	case gr == pods:
		return subresource == "resize"
	}
	return subresource == "" && (gr == services || gr == claims)
}

// Charge is what the change adds to what the quota has in use; nothing when the
// quota does not cover it. An error says, as clients know it, why the change
// may not be made.
func Charge(q *corev1.ResourceQuota, c Change, now time.Time) (corev1.ResourceList, error) {
	if !Covers(q, c.Resource, c.Object) {
		return nil, nil
	}
	var bounded []corev1.ResourceName
	for _, name := range names(q.Status.Hard) {
		if Measures(c.Resource, name) {
			bounded = append(bounded, name)
		}
	}
	if p, ok := c.Object.(*corev1.Pod); ok {
		if err := missing(p, bounded); err != nil {
			return nil, fmt.Errorf("failed quota: %s: %w", q.Name, err)
		}
	}
	for _, name := range bounded {
		if _, ok := q.Status.Used[name]; !ok {
			return nil, fmt.Errorf("status unknown for quota: %s, resources: %s", q.Name, joined(bounded))
		}
	}
	was := corev1.ResourceList{}
	if c.Old != nil && Covers(q, c.Resource, c.Old) {
		was = Usage(c.Resource, c.Old, now)
	}
	more := only(growth(Usage(c.Resource, c.Object, now), was), bounded)
	return more, exceeded(q, more)
}

func exceeded(q *corev1.ResourceQuota, more corev1.ResourceList) error {
	var over []corev1.ResourceName
	for _, name := range names(more) {
		next := q.Status.Used[name].DeepCopy()
		next.Add(more[name])
		if next.Cmp(q.Status.Hard[name]) > 0 {
			over = append(over, name)
		}
	}
	if len(over) == 0 {
		return nil
	}
	return fmt.Errorf("exceeded quota: %s, requested: %s, used: %s, limited: %s",
		q.Name, printed(only(more, over)), printed(only(q.Status.Used, over)), printed(only(q.Status.Hard, over)))
}
