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
)

// SubjectAccessReview asks whether a user may do something.
var SubjectAccessReview = api.Define(api.Kind[*authorizationv1.SubjectAccessReview]{
	GVK: gv.WithKind("SubjectAccessReview"), Plural: "subjectaccessreviews", Verbs: create,
	New: api.New[authorizationv1.SubjectAccessReview],
	Validate: func(o *authorizationv1.SubjectAccessReview) field.ErrorList {
		return append(validateReview(&o.Spec), validateMeta(o.ObjectMeta, o.ObjectMeta, "must be empty")...)
	},
})

// LocalSubjectAccessReview asks the same for one namespace, so that its
// admins can be allowed to ask.
var LocalSubjectAccessReview = api.Define(api.Kind[*authorizationv1.LocalSubjectAccessReview]{
	GVK: gv.WithKind("LocalSubjectAccessReview"), Plural: "localsubjectaccessreviews", Verbs: create, Namespaced: true,
	New:      api.New[authorizationv1.LocalSubjectAccessReview],
	Validate: validateLocal,
})

// SelfSubjectAccessReview asks whether the asker may do something.
var SelfSubjectAccessReview = api.Define(api.Kind[*authorizationv1.SelfSubjectAccessReview]{
	GVK: gv.WithKind("SelfSubjectAccessReview"), Plural: "selfsubjectaccessreviews", Verbs: create,
	New: api.New[authorizationv1.SelfSubjectAccessReview],
	Validate: func(o *authorizationv1.SelfSubjectAccessReview) field.ErrorList {
		return append(validateSelf(&o.Spec), validateMeta(o.ObjectMeta, o.ObjectMeta, "must be empty")...)
	},
})

// SelfSubjectRulesReview asks for all that the asker may do in a namespace.
var SelfSubjectRulesReview = api.Define(api.Kind[*authorizationv1.SelfSubjectRulesReview]{
	GVK: gv.WithKind("SelfSubjectRulesReview"), Plural: "selfsubjectrulesreviews", Verbs: create,
	New: api.New[authorizationv1.SelfSubjectRulesReview],
})
