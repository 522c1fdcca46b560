package authorization

import (
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	spec       = field.NewPath("spec")
	attributes = spec.Child("resourceAttributes")
)

func validateReview(s *authorizationv1.SubjectAccessReviewSpec) field.ErrorList {
	errs := validateWhat(s.ResourceAttributes, s.NonResourceAttributes)
	if s.User == "" && len(s.Groups) == 0 {
		errs = append(errs, field.Invalid(spec.Child("user"), s.User, "at least one of user or group must be specified"))
	}
	return append(errs, validateSelectors(s.ResourceAttributes)...)
}

func validateSelf(s *authorizationv1.SelfSubjectAccessReviewSpec) field.ErrorList {
	return append(validateWhat(s.ResourceAttributes, s.NonResourceAttributes), validateSelectors(s.ResourceAttributes)...)
}

func validateLocal(o *authorizationv1.LocalSubjectAccessReview) field.ErrorList {
	errs := validateReview(&o.Spec)
	m := o.ObjectMeta
	m.Namespace = ""
	errs = append(errs, validateMeta(m, o.ObjectMeta, "must be empty except for namespace")...)
	if r := o.Spec.ResourceAttributes; r != nil && r.Namespace != o.Namespace {
		errs = append(errs, field.Invalid(attributes.Child("namespace"), r.Namespace, "must match metadata.namespace"))
	}
	if path := o.Spec.NonResourceAttributes; path != nil {
		errs = append(errs, field.Invalid(spec.Child("nonResourceAttributes"), path, "disallowed on this kind of request"))
	}
	return errs
}

// validateMeta wants m, which is given without what may be there, to be empty.
func validateMeta(m, given metav1.ObjectMeta, why string) field.ErrorList {
	m.ManagedFields = nil
	if equality.Semantic.DeepEqual(m, metav1.ObjectMeta{}) {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("metadata"), given, why)}
}

// validateWhat: a request is for a resource, or else for a path.
func validateWhat(r *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes) field.ErrorList {
	if (r == nil) != (path == nil) {
		return nil
	}
	return field.ErrorList{field.Invalid(spec, path, "exactly one of nonResourceAttributes or resourceAttributes must be specified")}
}

// validateSelectors judges what narrows a request. Operators that nobody knows
// are let through: they narrow nothing.
func validateSelectors(r *authorizationv1.ResourceAttributes) field.ErrorList {
	var errs field.ErrorList
	if r == nil {
		return nil
	}
	if f := r.FieldSelector; f != nil {
		p := attributes.Child("fieldSelector")
		errs = append(errs, rawOrRequirements(f.RawSelector, len(f.Requirements), p)...)
		opts := metavalidation.FieldSelectorValidationOptions{AllowUnknownOperatorInRequirement: true}
		for i := range f.Requirements {
			errs = append(errs, metavalidation.ValidateFieldSelectorRequirement(f.Requirements[i], opts, p.Child("requirements").Index(i))...)
		}
	}
	if l := r.LabelSelector; l != nil {
		p := attributes.Child("labelSelector")
		errs = append(errs, rawOrRequirements(l.RawSelector, len(l.Requirements), p)...)
		opts := metavalidation.LabelSelectorValidationOptions{AllowUnknownOperatorInRequirement: true}
		for i := range l.Requirements {
			errs = append(errs, metavalidation.ValidateLabelSelectorRequirement(l.Requirements[i], opts, p.Child("requirements").Index(i))...)
		}
	}
	return errs
}

// rawOrRequirements wants a selector as text, or else as requirements.
func rawOrRequirements(raw string, requirements int, p *field.Path) field.ErrorList {
	switch {
	case raw != "" && requirements > 0:
		return field.ErrorList{field.Invalid(p.Child("rawSelector"), raw, "may not specified at the same time as requirements")}
	case raw == "" && requirements == 0:
		return field.ErrorList{field.Required(p.Child("requirements"), "when "+p.String()+" is specified, requirements or rawSelector is required")}
	}
	return nil
}
