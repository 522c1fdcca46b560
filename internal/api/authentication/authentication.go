// Package authentication names the reviews of authentication.k8s.io/v1: who
// is it that asks. None of them is stored.
package authentication

import (
	authenticationv1 "k8s.io/api/authentication/v1"

	"skiff/internal/api"
)

var (
	gv     = authenticationv1.SchemeGroupVersion
	create = []string{"create"}
)

// TokenReview asks whose token it is. That there is none is no fault of a
// field, but a bad request.
var TokenReview = api.Define(api.Kind[*authenticationv1.TokenReview]{
	GVK: gv.WithKind("TokenReview"), Plural: "tokenreviews", Verbs: create, New: api.New[authenticationv1.TokenReview],
})

// SelfSubjectReview asks who the asker is.
var SelfSubjectReview = api.Define(api.Kind[*authenticationv1.SelfSubjectReview]{
	GVK: gv.WithKind("SelfSubjectReview"), Plural: "selfsubjectreviews", Verbs: create, New: api.New[authenticationv1.SelfSubjectReview],
})
