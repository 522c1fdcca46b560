package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateClaimStatuses judges which ResourceClaims were made for the claims
// of the spec.
func validateClaimStatuses(o *corev1.Pod, p *field.Path) field.ErrorList {
	ofSpec := map[string]bool{}
	for _, c := range o.Spec.ResourceClaims {
		ofSpec[c.Name] = true
	}
	var errs field.ErrorList
	seen := meta.Unique[string]{}
	for i, s := range o.Status.ResourceClaimStatuses {
		ip := p.Index(i)
		if !ofSpec[s.Name] {
			errs = append(errs, field.Invalid(ip.Child("name"), s.Name, "must match the name of an entry in `spec.resourceClaims`"))
		}
		errs = append(errs, seen.Check(ip.Child("name"), s.Name)...)
		if n := s.ResourceClaimName; n != nil {
			errs = append(errs, meta.Invalid(ip.Child("resourceClaimName"), *n, meta.Subdomain(*n, false))...)
		}
	}
	return errs
}

// validateExtendedClaim judges the ResourceClaim that was made for extended
// resources, and what of it serves which request.
func validateExtendedClaim(o *corev1.Pod, p *field.Path) field.ErrorList {
	s := o.Status.ExtendedResourceClaimStatus
	if s == nil {
		return nil
	}
	mp := p.Child("requestMappings")
	var errs field.ErrorList
	if len(s.RequestMappings) == 0 {
		errs = append(errs, field.Required(mp, "at least one request mapping is required"))
	}
	seen := map[corev1.ContainerExtendedResourceRequest]bool{}
	for i, m := range s.RequestMappings {
		errs = append(errs, validateMapping(&o.Spec, m, mp.Index(i))...)
		// Names of requests are reported for the status as a whole.
		errs = append(errs, meta.Invalid(p.Child("requestName"), m.RequestName, validation.IsDNS1123Label(m.RequestName))...)
		if seen[m] {
			errs = append(errs, field.Duplicate(mp.Index(i).Child("containerName"), m.ContainerName),
				field.Duplicate(mp.Index(i).Child("resourceName"), m.ResourceName),
				field.Duplicate(mp.Index(i).Child("requestName"), m.RequestName))
		}
		seen[m] = true
	}
	return append(errs, meta.Name(p.Child("resourceClaimName"), s.ResourceClaimName, meta.Subdomain)...)
}

func validateMapping(s *corev1.PodSpec, m corev1.ContainerExtendedResourceRequest, p *field.Path) field.ErrorList {
	c := containerOf(s, m.ContainerName)
	if c == nil {
		return field.ErrorList{field.Invalid(p.Child("containerName"), m.ContainerName,
			"must match the name of an entry in spec.initContainers.name or spec.containers.name")}
	}
	if _, ok := c.Resources.Requests[corev1.ResourceName(m.ResourceName)]; !ok {
		return field.ErrorList{field.Invalid(p.Child("resourceName"), m.ResourceName, "must match the extended resource name of an entry in "+
			"spec.initContainers.resources.requests or spec.containers.resources.requests")}
	}
	return nil
}

func containerOf(s *corev1.PodSpec, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{s.Containers, s.InitContainers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}
