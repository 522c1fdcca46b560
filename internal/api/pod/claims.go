package pod

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validatePodClaims judges the devices that a pod claims. of is the metadata of
// the pod, nil in a template.
func validatePodClaims(claims []corev1.PodResourceClaim, of *metav1.ObjectMeta, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := meta.Unique[string]{}
	for i, c := range claims {
		if of != nil && metav1.HasAnnotation(*of, corev1.MirrorPodAnnotationKey) {
			errs = append(errs, field.Forbidden(field.NewPath(""), "static pods do not support resource claims"))
		}
		np := p.Index(i).Child("name")
		switch {
		case c.Name == "":
			errs = append(errs, field.Required(np, ""))
		case names[c.Name]:
			errs = append(errs, field.Duplicate(np, c.Name))
		default:
			errs = append(errs, meta.Invalid(np, c.Name, validation.IsDNS1123Label(c.Name))...)
			names[c.Name] = true
		}
		errs = append(errs, validateClaimed(&c, p.Index(i))...)
	}
	return errs
}

// validateClaimed judges what is claimed: something that is there, or what is
// made for the pod from a template.
func validateClaimed(c *corev1.PodResourceClaim, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case c.ResourceClaimName != nil && c.ResourceClaimTemplateName != nil:
		errs = append(errs, field.Invalid(p, *c, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"))
	case c.ResourceClaimName == nil && c.ResourceClaimTemplateName == nil:
		errs = append(errs, field.Invalid(p, *c, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"))
	}
	if n := c.ResourceClaimName; n != nil {
		errs = append(errs, meta.Invalid(p.Child("resourceClaimName"), *n, meta.Subdomain(*n, false))...)
	}
	if n := c.ResourceClaimTemplateName; n != nil {
		errs = append(errs, meta.Invalid(p.Child("resourceClaimTemplateName"), *n, meta.Subdomain(*n, false))...)
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
