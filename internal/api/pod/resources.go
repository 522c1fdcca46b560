package pod

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// ValidateResources judges what a container asks for.
func ValidateResources(r *corev1.ResourceRequirements, p *field.Path) field.ErrorList {
	errs := validateResourceList(r.Limits, p.Child("limits"))
	for _, name := range sortedNames(r.Limits) {
		_, requested := r.Requests[name]
		if !requested && !overcommits(name) {
			errs = append(errs, field.Required(p.Child("limits"), "Request must be set for non overcommitable resources"))
		}
	}
	rp := p.Child("requests")
	errs = append(errs, validateResourceList(r.Requests, rp)...)
	for _, name := range sortedNames(r.Requests) {
		request := r.Requests[name]
		limit, limited := r.Limits[name]
		switch {
		case !limited && !overcommits(name):
			errs = append(errs, field.Required(p.Child("limits"), "Limit must be set for non overcommitable resources"))
		case !limited:
		case !overcommits(name) && request.Cmp(limit) != 0:
			errs = append(errs, field.Invalid(rp, request.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String())))
		case request.Cmp(limit) > 0:
			errs = append(errs, field.Invalid(rp, request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())))
		}
	}
	return errs
}

func validateResourceList(list corev1.ResourceList, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range sortedNames(list) {
		kp := p.Key(string(name))
		if !strings.Contains(string(name), "/") && !standard(name) {
			errs = append(errs, field.Invalid(kp, string(name), "must be a standard resource type or fully qualified"),
				field.Invalid(kp, string(name), "must be a standard resource for containers"))
		} else {
			errs = append(errs, meta.Invalid(kp, string(name), validation.IsQualifiedName(string(name)))...)
		}
		errs = append(errs, ValidateQuantity(kp, name, list[name])...)
	}
	return errs
}

// ValidateQuantity judges how much of a resource is there, or asked for.
func ValidateQuantity(p *field.Path, name corev1.ResourceName, q resource.Quantity) field.ErrorList {
	if q.Sign() < 0 {
		return field.ErrorList{field.Invalid(p, q.String(), "must be greater than or equal to 0")}
	}
	if !fractional(name) && q.MilliValue()%1000 != 0 {
		return field.ErrorList{field.Invalid(p, q.String(), "must be an integer")}
	}
	return nil
}

// standard resources of a container are those of Kubernetes itself.
func standard(name corev1.ResourceName) bool {
	return slices.Contains([]corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}, name) ||
		huge(name)
}

func huge(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// native resources have no domain, or Kubernetes' own.
func native(name corev1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

func overcommits(name corev1.ResourceName) bool { return native(name) && !huge(name) }

// fractional resources come in thousandths; all others are counted.
func fractional(name corev1.ResourceName) bool { return native(name) }

func sortedNames(list corev1.ResourceList) []corev1.ResourceName {
	names := make([]corev1.ResourceName, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func validateClaims(claims []corev1.ResourceClaim, ofPod []corev1.PodResourceClaim, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[string]{}
	for i, c := range claims {
		if c.Name == "" {
			errs = append(errs, field.Required(p.Index(i), ""))
			continue
		}
		id := c.Name
		if c.Request != "" {
			id += "/" + c.Request
		}
		errs = append(errs, seen.Check(p.Index(i), id)...)
		if !slices.ContainsFunc(ofPod, func(o corev1.PodResourceClaim) bool { return o.Name == c.Name }) {
			errs = append(errs, field.NotFound(p.Index(i), c.Name))
		}
	}
	return errs
}

func validateResizePolicy(policies []corev1.ContainerResizePolicy, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[corev1.ResourceName]{}
	for i, r := range policies {
		errs = append(errs, seen.Check(p.Index(i), r.ResourceName)...)
		errs = append(errs, meta.Enum(p, r.ResourceName, corev1.ResourceCPU, corev1.ResourceMemory)...)
		errs = append(errs, meta.Enum(p, r.RestartPolicy, corev1.NotRequired, corev1.RestartContainer)...)
	}
	return errs
}
