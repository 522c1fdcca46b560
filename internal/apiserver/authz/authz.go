// Package authz says whether a user may do what a request asks: the system's
// masters may do all, nodes what the node authorizer grants, and everyone
// what RBAC grants.
package authz

import (
	"context"

	"k8s.io/apimachinery/pkg/fields"

	"skiff/internal/apiserver/authn"
)

// Attributes are what a request asks for, in the terms of a
// SubjectAccessReview.
type Attributes struct {
	User *authn.User
	Verb string

	// Of a request for a resource:
	Resource                                     string // "" for a request by path
	Subresource, Namespace, Name, Group, Version string
	// FieldSelector narrows a list, watch or deletecollection; nil: all.
	FieldSelector fields.Selector

	// Path of a request that is not for a resource.
	Path string
}

// Decision is what an Authorizer says of a request.
type Decision int

// The decisions: NoOpinion lets the next authorizer decide; when all have
// none, the request is denied.
const (
	NoOpinion Decision = iota
	Allow
	Deny
)

// Authorizer decides on a request. reason is shown to the user.
type Authorizer interface {
	Authorize(ctx context.Context, a Attributes) (decision Decision, reason string, err error)
}
