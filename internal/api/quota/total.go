package quota

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
)

// Resources are those whose objects have to be counted for a quota.
func Resources(q *corev1.ResourceQuota) map[schema.GroupResource]bool {
	all := map[schema.GroupResource]bool{}
	for name := range q.Spec.Hard {
		if gr, ok := Counted(name); ok {
			all[gr] = true
			continue
		}
		for _, gr := range []schema.GroupResource{pods, services, claims} {
			if Measures(gr, name) {
				all[gr] = true
			}
		}
	}
	return all
}

// Status is a quota's status as the objects of its namespace make it. each
// yields those of a resource; it is asked for the Resources of the quota only.
func Status(q *corev1.ResourceQuota, now time.Time, each func(schema.GroupResource, func(api.Object))) corev1.ResourceQuotaStatus {
	next := corev1.ResourceQuotaStatus{Hard: q.Spec.Hard.DeepCopy(), Used: corev1.ResourceList{}}
	for name := range next.Hard {
		next.Used[name] = resource.Quantity{Format: resource.DecimalSI}
	}
	bounded := names(next.Hard)
	for gr := range Resources(q) {
		each(gr, func(obj api.Object) {
			if inScopes(q, obj) {
				Add(next.Used, only(Usage(gr, obj, now), bounded))
			}
		})
	}
	return next
}
