// Package authentication names the reviews of authentication.k8s.io/v1: who
// is it that asks. None of them is stored.
package authentication

import (
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

var (
	gv     = authenticationv1.SchemeGroupVersion
	create = []string{"create"}
)

// TokenReview asks whose token it is.
var TokenReview = api.Define(api.Kind[*authenticationv1.TokenReview]{
	GVK: gv.WithKind("TokenReview"), Plural: "tokenreviews", Verbs: create, New: api.New[authenticationv1.TokenReview],
	Validate: func(o *authenticationv1.TokenReview) field.ErrorList {
		return meta.Required(field.NewPath("spec", "token"), o.Spec.Token, nil)
	},
})

// SelfSubjectReview asks who the asker is.
var SelfSubjectReview = api.Define(api.Kind[*authenticationv1.SelfSubjectReview]{
	GVK: gv.WithKind("SelfSubjectReview"), Plural: "selfsubjectreviews", Verbs: create, New: api.New[authenticationv1.SelfSubjectReview],
})
