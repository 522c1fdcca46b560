package pod

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
	resourcehelper "k8s.io/component-helpers/resource"

	"skiff/internal/api/meta"
)

// validatePodResources judges what the pod asks for as a whole: at least as
// much as its containers together, and no less than any may use.
func validatePodResources(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	r := s.Resources
	switch {
	case r == nil:
		return nil
	case s.OS != nil && s.OS.Name == corev1.Windows:
		return field.ErrorList{field.Forbidden(p, "may not be set for a windows pod")}
	}
	var errs field.ErrorList
	if r.Claims != nil {
		errs = append(errs, field.Forbidden(p.Child("claims"), "claims may not be set for Resources at pod-level"))
	}
	errs = append(errs, validateResources(r, s.ResourceClaims, podResource, p)...)
	errs = append(errs, validateTogether(s, p)...)
	for i := range s.Containers {
		limits := s.Containers[i].Resources.Limits
		for _, name := range sortedNames(limits) {
			limit := limits[name]
			if whole, ok := r.Limits[name]; ok && limit.Cmp(whole) > 0 {
				errs = append(errs, field.Invalid(p.Child("containers").Index(i).Key(string(name)).Child("limits"), limit.String(),
					fmt.Sprintf("must be less than or equal to pod limits of %s", whole.String())))
			}
		}
	}
	return errs
}

// validateTogether: what all containers come to has room in the pod. What they
// may use of huge pages they may use all at once.
func validateTogether(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	o := &corev1.Pod{Spec: *s}
	requests := resourcehelper.AggregateContainerRequests(o, resourcehelper.PodResourcesOptions{})
	errs := room(requests, s.Resources.Requests, p.Child("requests"), "requests")
	limits := resourcehelper.AggregateContainerLimits(o, resourcehelper.PodResourcesOptions{})
	maps.DeleteFunc(limits, func(name corev1.ResourceName, _ resource.Quantity) bool { return !huge(name) })
	return append(errs, room(limits, s.Resources.Limits, p.Child("limits"), "limits")...)
}

func room(together, whole corev1.ResourceList, p *field.Path, what string) field.ErrorList {
	var errs field.ErrorList
	for _, name := range sortedNames(together) {
		sum := together[name]
		if have, ok := whole[name]; ok && sum.Cmp(have) > 0 {
			errs = append(errs, field.Invalid(p.Key(string(name)), have.String(),
				fmt.Sprintf("must be greater than or equal to aggregate container %s of %s", what, sum.String())))
		}
	}
	return errs
}

func validateResizePolicy(policies []corev1.ContainerResizePolicy, restart corev1.RestartPolicy, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[corev1.ResourceName]{}
	for i, r := range policies {
		errs = append(errs, seen.Check(p.Index(i), r.ResourceName)...)
		errs = append(errs, meta.Enum(p, r.ResourceName, corev1.ResourceCPU, corev1.ResourceMemory)...)
		errs = append(errs, meta.Enum(p, r.RestartPolicy, corev1.NotRequired, corev1.RestartContainer)...)
		if restart == corev1.RestartPolicyNever && r.RestartPolicy != corev1.NotRequired {
			errs = append(errs, field.Invalid(p, r.RestartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
		}
	}
	return errs
}
