package core

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
)

// asksAsAWhole says whether a pod asks for resources beside its containers.
func asksAsAWhole(s *corev1.PodSpec) bool {
	return s.Resources != nil && len(s.Resources.Requests)+len(s.Resources.Limits) > 0
}

// defaultPodResources fills in what a pod that asks for something as a whole
// leaves out: what its containers come to together, and, where they ask for
// nothing, as much as the limit.
func defaultPodResources(o *corev1.Pod) {
	if !asksAsAWhole(&o.Spec) {
		return
	}
	r, options := o.Spec.Resources, resource.PodResourcesOptions{}
	fillResources(&r.Limits, resource.AggregateContainerLimits(o, options), func(name corev1.ResourceName) bool {
		return limitedEverywhere(&o.Spec, name)
	})
	supported := resource.IsSupportedPodLevelResource
	fillResources(&r.Requests, resource.AggregateContainerRequests(o, options), supported)
	fillResources(&r.Requests, r.Limits, supported)
}

// limitedEverywhere says whether no container may use more of the resource
// than it says.
func limitedEverywhere(s *corev1.PodSpec, name corev1.ResourceName) bool {
	for _, list := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range list {
			if _, ok := list[i].Resources.Limits[name]; !ok {
				return false
			}
		}
	}
	return resource.IsSupportedPodLevelResource(name)
}

// fillResources adds those of from that list lacks, if wanted.
func fillResources(list *corev1.ResourceList, from corev1.ResourceList, wanted func(corev1.ResourceName) bool) {
	for name, q := range from {
		if _, ok := (*list)[name]; ok || !wanted(name) {
			continue
		}
		if *list == nil {
			*list = corev1.ResourceList{}
		}
		(*list)[name] = q
	}
}

// keepPodResources gives back to a changed pod what was filled in when it was
// made, so that who sends it again as they wrote it changes nothing.
func keepPodResources(o, old *corev1.Pod) {
	if !asksAsAWhole(&o.Spec) {
		return
	}
	if !asksAsAWhole(&old.Spec) {
		defaultPodResources(o)
		return
	}
	all := func(corev1.ResourceName) bool { return true }
	r, was := o.Spec.Resources, old.Spec.Resources
	fillResources(&r.Requests, maps.Clone(was.Requests), all)
	fillResources(&r.Limits, maps.Clone(was.Limits), all)
}
