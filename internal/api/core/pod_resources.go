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

// validateResize: only CPU and memory change, nothing that was asked for is
// taken back, and the class of the pod stays.
func validateResize(o, old *corev1.Pod) field.ErrorList {
	p := field.NewPath("spec")
	if _, static := old.Annotations[corev1.MirrorPodAnnotationKey]; static {
		return field.ErrorList{field.Forbidden(field.NewPath(""), "static pods cannot be resized")}
	}
	if old.Spec.OS != nil && old.Spec.OS.Name == corev1.Windows {
		return field.ErrorList{field.Forbidden(field.NewPath(""), "windows pods cannot be resized")}
	}
	errs := pod.Validate(o)
	if pod.QOS(&o.Spec) != pod.QOS(&old.Spec) {
		errs = append(errs, field.Invalid(p, o.Status.QOSClass, "Pod QOS Class may not change as a result of resizing"))
	}
	for i := range old.Spec.InitContainers {
		was, is := &old.Spec.InitContainers[i], &o.Spec.InitContainers[i]
		switch sidecar := was.RestartPolicy != nil && *was.RestartPolicy == corev1.ContainerRestartPolicyAlways; {
		case sidecar:
			errs = append(errs, removed(&is.Resources, &was.Resources, p.Child("initContainers").Index(i).Child("resources"))...)
			if !onlyAmounts(is, was) {
				errs = append(errs, field.Forbidden(p, "only cpu and memory resources for sidecar containers are mutable"))
			}
		case !equality.Semantic.DeepEqual(is, was):
			errs = append(errs, field.Forbidden(p, "resources for non-sidecar init containers are immutable"))
		}
	}
	for i := range old.Spec.Containers {
		was, is := &old.Spec.Containers[i], &o.Spec.Containers[i]
		errs = append(errs, removed(&is.Resources, &was.Resources, p.Child("containers").Index(i).Child("resources"))...)
		if !onlyAmounts(is, was) {
			errs = append(errs, field.Forbidden(p, "only cpu and memory resources are mutable"))
		}
	}
	return errs
}

// removed finds resources that are no longer asked for, or bounded.
func removed(is, was *corev1.ResourceRequirements, p *field.Path) field.ErrorList {
	gone := func(list, old corev1.ResourceList) bool {
		for name := range old {
			if _, ok := list[name]; !ok {
				return true
			}
		}
		return false
	}
	var errs field.ErrorList
	if gone(is.Requests, was.Requests) {
		errs = append(errs, field.Forbidden(p.Child("requests"), "resource requests cannot be removed"))
	}
	if gone(is.Limits, was.Limits) {
		errs = append(errs, field.Forbidden(p.Child("limits"), "resource limits cannot be removed"))
	}
	return errs
}

// onlyAmounts says whether c differs from old in CPU and memory alone.
func onlyAmounts(c, old *corev1.Container) bool {
	c = c.DeepCopy()
	c.Resources.Requests = withAmounts(c.Resources.Requests, old.Resources.Requests)
	c.Resources.Limits = withAmounts(c.Resources.Limits, old.Resources.Limits)
	return equality.Semantic.DeepEqual(c, old)
}

// withAmounts is list with the CPU and memory of old.
func withAmounts(list, old corev1.ResourceList) corev1.ResourceList {
	list = list.DeepCopy()
	if list == nil {
		list = corev1.ResourceList{}
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		delete(list, name)
		if q, ok := old[name]; ok {
			list[name] = q
		}
	}
	return list
}
