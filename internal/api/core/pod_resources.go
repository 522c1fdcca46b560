package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/component-helpers/resource"

	"skiff/internal/api/pod"
)

// defaultPodResources fills in the requests of a pod that limits itself as a
// whole: those of its containers together, or else its limits.
func defaultPodResources(o *corev1.Pod) {
	r := o.Spec.Resources
	if r == nil || len(r.Limits) == 0 {
		return
	}
	if r.Requests == nil {
		r.Requests = corev1.ResourceList{}
	}
	fill := func(list corev1.ResourceList) {
		for name, q := range list {
			if _, ok := r.Requests[name]; !ok && resource.IsSupportedPodLevelResource(name) {
				r.Requests[name] = q
			}
		}
	}
	fill(resource.AggregateContainerRequests(o, resource.PodResourcesOptions{}))
	fill(r.Limits)
}

// copyResources is the resize subresource: the resources of the containers
// that are there, by name, and how each takes a change.
func copyResources(dst, src *corev1.Pod) {
	copyList := func(dst, src []corev1.Container) {
		for i := range min(len(dst), len(src)) {
			if dst[i].Name == src[i].Name {
				dst[i].Resources, dst[i].ResizePolicy = src[i].Resources, src[i].ResizePolicy
			}
		}
	}
	copyList(dst.Spec.Containers, src.Spec.Containers)
	copyList(dst.Spec.InitContainers, src.Spec.InitContainers)
	defaultPod(dst)
}

func validateResize(o, old *corev1.Pod) field.ErrorList {
	p := field.NewPath("spec")
	errs := validatePod(o)
	if pod.QOS(&o.Spec) != pod.QOS(&old.Spec) {
		errs = append(errs, field.Invalid(p, pod.QOS(&o.Spec), "Pod QOS Class may not change as a result of resizing"))
	}
	if !equality.Semantic.DeepEqual(withoutResizable(&o.Spec), withoutResizable(&old.Spec)) {
		errs = append(errs, field.Forbidden(p, "only cpu and memory resources are mutable"))
	}
	return errs
}

// withoutResizable is the spec without all that a resize may change.
func withoutResizable(s *corev1.PodSpec) *corev1.PodSpec {
	s = s.DeepCopy()
	pod.EachContainer(s, func(c *corev1.Container, _ pod.ContainerType) {
		c.ResizePolicy = nil
		for _, list := range []corev1.ResourceList{c.Resources.Limits, c.Resources.Requests} {
			delete(list, corev1.ResourceCPU)
			delete(list, corev1.ResourceMemory)
		}
	})
	return s
}
