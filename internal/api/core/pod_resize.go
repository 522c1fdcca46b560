package core

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/pod"
)

// copyResources is the resize subresource: the resources of the containers and
// of the pod, and how each container takes a change. Containers of other names
// come along as they are: the rules say what is wrong with them.
func copyResources(dst, src *corev1.Pod) {
	asked := asksAsAWhole(&dst.Spec)
	if len(src.Spec.Containers) != len(dst.Spec.Containers) || len(src.Spec.InitContainers) != len(dst.Spec.InitContainers) {
		dst.Spec = src.Spec
	} else {
		dst.Spec.Resources = src.Spec.Resources
		dst.Spec.Containers = resized(src.Spec.Containers, dst.Spec.Containers)
		dst.Spec.InitContainers = resized(src.Spec.InitContainers, dst.Spec.InitContainers)
	}
	defaultPod(dst)
	if !asked {
		defaultPodResources(dst)
	}
}

func resized(list, old []corev1.Container) []corev1.Container {
	out := slices.Clone(old)
	for i := range out {
		if list[i].Name != out[i].Name {
			return list
		}
		out[i].Resources, out[i].ResizePolicy = list[i].Resources, list[i].ResizePolicy
	}
	return out
}

// validateResize: only CPU and memory change, nothing that was asked for is
// taken back, and the class of the pod stays.
func validateResize(o, old *corev1.Pod) field.ErrorList {
	if why := neverResized(old); why != "" {
		return field.ErrorList{field.Forbidden(field.NewPath(""), why)}
	}
	p := field.NewPath("spec")
	errs := pod.Validate(o)
	if qosClass(old) != pod.QOS(&o.Spec) {
		errs = append(errs, field.Invalid(p, o.Status.QOSClass, "Pod QOS Class may not change as a result of resizing"))
	}
	if !nodeResizes(old) {
		errs = append(errs, field.Forbidden(p, "Pod running on node without support for resize"))
	}
	errs = append(errs, validatePodResourcesResize(o.Spec.Resources, old.Spec.Resources, p)...)
	if len(old.Status.NodeAllocatableResourceClaimStatuses) > 0 {
		errs = append(errs, field.Forbidden(p, "pods with node allocatable resource claims cannot be resized"))
	}
	if bad := validateSameContainers(&o.Spec, &old.Spec, p); len(bad) > 0 {
		return append(errs, bad...) // what follows compares them one by one
	}
	errs = append(errs, validateContainerResizes(&o.Spec, &old.Spec, p)...)
	if len(errs) == 0 && !equality.Semantic.DeepEqual(unresized(&o.Spec, &old.Spec), &old.Spec) {
		errs = append(errs, field.Forbidden(p, "only cpu and memory resources are mutable"))
	}
	return errs
}

// neverResized says why a pod cannot be resized at all, or nothing.
func neverResized(o *corev1.Pod) string {
	if _, static := o.Annotations[corev1.MirrorPodAnnotationKey]; static {
		return "static pods cannot be resized"
	}
	if o.Spec.OS != nil && o.Spec.OS.Name == corev1.Windows {
		return "windows pods cannot be resized"
	}
	return ""
}

func qosClass(o *corev1.Pod) corev1.PodQOSClass {
	if o.Status.QOSClass != "" {
		return o.Status.QOSClass
	}
	return pod.QOS(&o.Spec)
}

// nodeResizes: a kubelet that resizes tells what its containers have. While
// none runs nobody can tell, and the pod may be resized.
func nodeResizes(o *corev1.Pod) bool {
	for _, c := range o.Status.ContainerStatuses {
		if c.State.Running != nil {
			return c.Resources != nil
		}
	}
	return true
}

func validatePodResourcesResize(is, was *corev1.ResourceRequirements, p *field.Path) field.ErrorList {
	if is == nil {
		if was == nil || len(was.Requests)+len(was.Limits) == 0 {
			return nil
		}
		return field.ErrorList{field.Forbidden(p.Child("resources"), "pod-level resources cannot be removed")}
	}
	if was == nil {
		was = &corev1.ResourceRequirements{}
	}
	var errs field.ErrorList
	if removed(is.Requests, was.Requests) {
		errs = append(errs, field.Forbidden(p.Child("resources", "requests"), "pod-level resource requests cannot be removed"))
	}
	if removed(is.Limits, was.Limits) {
		errs = append(errs, field.Forbidden(p.Child("resources", "limits"), "pod-level resource limits cannot be removed"))
	}
	if !equality.Semantic.DeepEqual(unresizedPod(is, was), was) {
		errs = append(errs, field.Forbidden(p, "only cpu and memory resources are mutable at pod-level"))
	}
	return errs
}

// validateSameContainers wants the same containers in the same order.
func validateSameContainers(s, old *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, list := range []struct {
		name    string
		is, was []corev1.Container
	}{{"containers", s.Containers, old.Containers}, {"initContainers", s.InitContainers, old.InitContainers}} {
		lp := p.Child(list.name)
		if len(list.is) != len(list.was) {
			errs = append(errs, field.Forbidden(lp, list.name+" may not be added or removed on resize"))
			continue
		}
		for i := range list.is {
			if list.is[i].Name != list.was[i].Name {
				errs = append(errs, field.Forbidden(lp.Index(i).Child("name"), list.name+" may not be renamed or reordered on resize"))
			}
		}
	}
	return errs
}

func validateContainerResizes(s, old *corev1.PodSpec, p *field.Path) field.ErrorList {
	errs := validateKept(s.InitContainers, old.InitContainers, p.Child("initContainers"))
	errs = append(errs, validateKept(s.Containers, old.Containers, p.Child("containers"))...)
	for i := range s.Containers {
		if !onlyAmounts(&s.Containers[i], &old.Containers[i]) {
			errs = append(errs, field.Forbidden(p, "only cpu and memory resources are mutable"))
		}
	}
	for i := range s.InitContainers {
		ip := p.Child("initContainers").Index(i)
		errs = append(errs, validateInitResize(&s.InitContainers[i], &old.InitContainers[i], ip)...)
	}
	return errs
}

// validateKept wants all that was asked for to be asked for still.
func validateKept(list, old []corev1.Container, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range list {
		is, was, rp := &list[i].Resources, &old[i].Resources, p.Index(i).Child("resources")
		if removed(is.Requests, was.Requests) {
			errs = append(errs, field.Forbidden(rp.Child("requests"), "resource requests cannot be removed"))
		}
		if removed(is.Limits, was.Limits) {
			errs = append(errs, field.Forbidden(rp.Child("limits"), "resource limits cannot be removed"))
		}
	}
	return errs
}

func removed(list, old corev1.ResourceList) bool {
	for name := range old {
		if _, ok := list[name]; !ok {
			return true
		}
	}
	return false
}

// validateInitResize: an init container that runs to its end cannot be
// restarted to get more.
func validateInitResize(c, old *corev1.Container, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if !onlyAmounts(c, old) {
		errs = append(errs, field.Forbidden(p, "only cpu and memory resources for init or sidecar containers are mutable"))
	}
	if restartable(c) || equality.Semantic.DeepEqual(c, old) {
		return errs
	}
	for _, r := range c.ResizePolicy {
		if r.RestartPolicy == corev1.RestartContainer {
			errs = append(errs, field.Forbidden(p, "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"))
		}
	}
	return errs
}

// restartable: an init container that keeps running beside the others.
func restartable(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// onlyAmounts says whether c differs from old in CPU and memory alone.
func onlyAmounts(c, old *corev1.Container) bool {
	return equality.Semantic.DeepEqual(unresizedContainer(c, old), old)
}

// unresized is s with the CPU and memory of old.
func unresized(s, old *corev1.PodSpec) *corev1.PodSpec {
	w := s.DeepCopy()
	for i := range w.Containers {
		w.Containers[i] = *unresizedContainer(&w.Containers[i], &old.Containers[i])
	}
	for i := range w.InitContainers {
		w.InitContainers[i] = *unresizedContainer(&w.InitContainers[i], &old.InitContainers[i])
	}
	if was := old.Resources; was != nil && w.Resources != nil {
		w.Resources = unresizedPod(w.Resources, was)
	} else if was == nil {
		w.Resources = nil // validatePodResourcesResize has judged it
	}
	return w
}

// unresizedContainer is c with the CPU and memory of old. Devices that it
// claims count as a difference: a container that has some stays as it is.
func unresizedContainer(c, old *corev1.Container) *corev1.Container {
	c = c.DeepCopy()
	c.Resources = corev1.ResourceRequirements{
		Limits:   withAmounts(c.Resources.Limits, old.Resources.Limits),
		Requests: withAmounts(c.Resources.Requests, old.Resources.Requests),
	}
	return c
}

func unresizedPod(r, old *corev1.ResourceRequirements) *corev1.ResourceRequirements {
	r = r.DeepCopy()
	r.Limits, r.Requests = withAmounts(r.Limits, old.Limits), withAmounts(r.Requests, old.Requests)
	return r
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
