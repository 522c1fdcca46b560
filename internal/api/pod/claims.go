package pod

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validatePodClaims judges the devices that a pod claims.
func validatePodClaims(claims []corev1.PodResourceClaim, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := meta.Unique[string]{}
	for i, c := range claims {
		ip := p.Index(i)
		switch {
		case c.Name == "":
			errs = append(errs, field.Required(ip.Child("name"), ""))
		case names[c.Name]:
			errs = append(errs, field.Duplicate(ip.Child("name"), c.Name))
		default:
			errs = append(errs, meta.Invalid(ip.Child("name"), c.Name, validation.IsDNS1123Label(c.Name))...)
			names[c.Name] = true
		}
		switch {
		case c.ResourceClaimName != nil && c.ResourceClaimTemplateName != nil:
			errs = append(errs, field.Invalid(ip, c, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"))
		case c.ResourceClaimName == nil && c.ResourceClaimTemplateName == nil:
			errs = append(errs, field.Invalid(ip, c, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"))
		}
		if n := c.ResourceClaimName; n != nil {
			errs = append(errs, meta.Invalid(ip.Child("resourceClaimName"), *n, meta.Subdomain(*n, false))...)
		}
		if n := c.ResourceClaimTemplateName; n != nil {
			errs = append(errs, meta.Invalid(ip.Child("resourceClaimTemplateName"), *n, meta.Subdomain(*n, false))...)
		}
	}
	return errs
}

// validateClaims judges which of the pod's claims a container uses: a claim as
// a whole, or single requests in it, but not both.
func validateClaims(claims []corev1.ResourceClaim, ofPod []corev1.PodResourceClaim, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	used := sets.New[string]()
	for i, c := range claims {
		ip := p.Index(i)
		if c.Name == "" {
			errs = append(errs, field.Required(ip, ""))
			continue
		}
		errs = append(errs, claimOnce(used, c, ip)...)
		if !slices.ContainsFunc(ofPod, func(o corev1.PodResourceClaim) bool { return o.Name == c.Name }) {
			e := field.NotFound(ip, c.Name)
			e.Detail = "must be one of the names in pod.spec.resourceClaims" + listClaims(ofPod)
			errs = append(errs, e)
		}
	}
	return errs
}

func claimOnce(used sets.Set[string], c corev1.ResourceClaim, p *field.Path) field.ErrorList {
	if used.Has(c.Name) {
		return field.ErrorList{field.Duplicate(p, c.Name)}
	}
	if c.Request == "" {
		var errs field.ErrorList
		for key := range used {
			if strings.HasPrefix(key, c.Name+"/") {
				errs = append(errs, field.Duplicate(p, c.Name))
			}
		}
		used.Insert(c.Name)
		return errs
	}
	errs := meta.Invalid(p.Child("request"), c.Request, validation.IsDNS1123Label(c.Request))
	key := c.Name + "/" + c.Request
	if used.Has(key) {
		errs = append(errs, field.Duplicate(p, key))
	}
	used.Insert(key)
	return errs
}

func listClaims(claims []corev1.PodResourceClaim) string {
	names := sets.New[string]()
	for _, c := range claims {
		if c.Name != "" {
			names.Insert(c.Name)
		}
	}
	if names.Len() == 0 {
		return " which is empty"
	}
	return ": " + strings.Join(sets.List(names), ", ")
}
