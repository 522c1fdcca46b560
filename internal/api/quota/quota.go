// Package quota measures what objects use of a namespace's ResourceQuotas, and
// decides whether one more fits. Admission reserves by it, and the quota
// controller counts by it, so both always agree.
//
// It is pure: it holds no object, reads no clock and does no I/O.
package quota

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
)

// countPrefix begins the quota of the number of objects of any kind:
// count/deployments.apps.
const countPrefix = "count/"

// CountName is the quota of the number of objects of a resource.
func CountName(gr schema.GroupResource) corev1.ResourceName {
	return corev1.ResourceName(countPrefix + gr.String())
}

// Counted is the resource whose objects a quota name counts, by the name
// count/X or by an older one (secrets); false for names that count none.
func Counted(name corev1.ResourceName) (schema.GroupResource, bool) {
	if rest, ok := strings.CutPrefix(string(name), countPrefix); ok {
		return schema.ParseGroupResource(rest), rest != ""
	}
	_, ok := plain[string(name)]
	return schema.GroupResource{Resource: string(name)}, ok
}

// plain are the kinds of which a quota may name the number without count/.
var plain = map[string]struct{}{
	"configmaps": {}, "persistentvolumeclaims": {}, "pods": {}, "replicationcontrollers": {}, "resourcequotas": {}, "secrets": {}, "services": {},
}

// Measures says whether the objects of a resource may use what a quota calls
// name.
func Measures(gr schema.GroupResource, name corev1.ResourceName) bool {
	if counted, ok := Counted(name); ok {
		return counted == gr
	}
	switch gr {
	case pods:
		return ofPods(name)
	case services:
		return name == corev1.ResourceServicesNodePorts || name == corev1.ResourceServicesLoadBalancers
	case claims:
		return ofClaims(name)
	}
	return false
}

// Pods, Services and Claims are measured by more than their number.
var (
	pods     = schema.GroupResource{Resource: "pods"}
	services = schema.GroupResource{Resource: "services"}
	claims   = schema.GroupResource{Resource: "persistentvolumeclaims"}
)

// Usage is what an object uses at this time.
func Usage(gr schema.GroupResource, obj api.Object, now time.Time) corev1.ResourceList {
	used := corev1.ResourceList{CountName(gr): one}
	switch o := obj.(type) {
	case *corev1.Pod:
		usePod(used, o, now)
		return used // one that has ended is not among "pods"
	case *corev1.Service:
		useService(used, o)
	case *corev1.PersistentVolumeClaim:
		useClaim(used, o)
	}
	if _, ok := plain[gr.Resource]; ok && gr.Group == "" {
		used[corev1.ResourceName(gr.Resource)] = one
	}
	return used
}

// Covers says whether an object counts for a quota: the quota bounds something
// of its kind, and it lies in all of the quota's scopes.
func Covers(q *corev1.ResourceQuota, gr schema.GroupResource, obj api.Object) bool {
	for name := range q.Status.Hard {
		if Measures(gr, name) {
			return inScopes(q, obj)
		}
	}
	return false
}
