// Package authorization names the reviews of authorization.k8s.io/v1: who may
// do what. None of them is stored.
package authorization

import (
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
)

var (
	gv     = authorizationv1.SchemeGroupVersion
	create = []string{"create"}
	spec   = field.NewPath("spec")
)

// SubjectAccessReview asks whether a user may do something.
var SubjectAccessReview = api.Define(api.Kind[*authorizationv1.SubjectAccessReview]{
	GVK: gv.WithKind("SubjectAccessReview"), Plural: "subjectaccessreviews", Verbs: create,
	New: api.New[authorizationv1.SubjectAccessReview],
	Validate: func(o *authorizationv1.SubjectAccessReview) field.ErrorList {
		return validateReview(&o.Spec, spec)
	},
})

// LocalSubjectAccessReview asks the same for one namespace, so that its
// admins can be allowed to ask.
var LocalSubjectAccessReview = api.Define(api.Kind[*authorizationv1.LocalSubjectAccessReview]{
	GVK: gv.WithKind("LocalSubjectAccessReview"), Plural: "localsubjectaccessreviews", Verbs: create, Namespaced: true,
	New: api.New[authorizationv1.LocalSubjectAccessReview],
	Validate: func(o *authorizationv1.LocalSubjectAccessReview) field.ErrorList {
		return validateLocal(o, spec)
	},
})

// SelfSubjectAccessReview asks whether the asker may do something.
var SelfSubjectAccessReview = api.Define(api.Kind[*authorizationv1.SelfSubjectAccessReview]{
	GVK: gv.WithKind("SelfSubjectAccessReview"), Plural: "selfsubjectaccessreviews", Verbs: create,
	New: api.New[authorizationv1.SelfSubjectAccessReview],
	Validate: func(o *authorizationv1.SelfSubjectAccessReview) field.ErrorList {
		return validateAttributes(o.Spec.ResourceAttributes, o.Spec.NonResourceAttributes, spec)
	},
})

// SelfSubjectRulesReview asks for all that the asker may do in a namespace.
var SelfSubjectRulesReview = api.Define(api.Kind[*authorizationv1.SelfSubjectRulesReview]{
	GVK: gv.WithKind("SelfSubjectRulesReview"), Plural: "selfsubjectrulesreviews", Verbs: create,
	New: api.New[authorizationv1.SelfSubjectRulesReview],
})

func validateReview(s *authorizationv1.SubjectAccessReviewSpec, p *field.Path) field.ErrorList {
	errs := validateAttributes(s.ResourceAttributes, s.NonResourceAttributes, p)
	if s.User == "" && len(s.Groups) == 0 {
		errs = append(errs, field.Invalid(p.Child("user"), s.User, "at least one of user or group must be specified"))
	}
	return errs
}

func validateLocal(o *authorizationv1.LocalSubjectAccessReview, p *field.Path) field.ErrorList {
	errs := validateReview(&o.Spec, p)
	if r := o.Spec.ResourceAttributes; r != nil && r.Namespace != o.Namespace {
		errs = append(errs, field.Invalid(p.Child("resourceAttributes", "namespace"), r.Namespace, "must match metadata.namespace"))
	}
	if o.Spec.NonResourceAttributes != nil {
		errs = append(errs, field.Invalid(p.Child("nonResourceAttributes"), o.Spec.NonResourceAttributes, "disallowed on this kind of request"))
	}
	return errs
}

func validateAttributes(r *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes, p *field.Path) field.ErrorList {
	switch {
	case r != nil && path != nil:
		return field.ErrorList{field.Invalid(p.Child("nonResourceAttributes"), path, "cannot be specified in combination with resourceAttributes")}
	case r == nil && path == nil:
		return field.ErrorList{field.Invalid(p.Child("resourceAttributes"), r, "exactly one of nonResourceAttributes or resourceAttributes must be specified")}
	}
	return nil
}
