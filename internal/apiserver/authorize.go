package apiserver

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
)

// attributesOf are the terms in which a request is authorized.
func attributesOf(u *authn.User, i *RequestInfo) authz.Attributes {
	if !i.IsResource {
		return authz.Attributes{User: u, Verb: i.Verb, Path: i.Path}
	}
	return authz.Attributes{
		User: u, Verb: i.Verb, Path: i.Path,
		Group: i.Group, Version: i.Version, Resource: i.Resource, Subresource: i.Subresource,
		Namespace: i.Namespace, Name: i.Name, FieldSelector: i.FieldSelector,
	}
}

// forbidden is the 403 Status in the words that clients look for.
func forbidden(a authz.Attributes, reason string) error {
	text := forbiddenText(a)
	if reason != "" {
		text += ": " + reason
	}
	gr := schema.GroupResource{Group: a.Group, Resource: a.Resource}
	return apierrors.NewForbidden(gr, a.Name, errors.New(text))
}

func forbiddenText(a authz.Attributes) string {
	if a.Resource == "" {
		return fmt.Sprintf("User %q cannot %s path %q", a.User.Name, a.Verb, a.Path)
	}
	resource := a.Resource
	if a.Subresource != "" {
		resource += "/" + a.Subresource
	}
	text := fmt.Sprintf("User %q cannot %s resource %q in API group %q", a.User.Name, a.Verb, resource, a.Group)
	if a.Namespace != "" {
		return text + fmt.Sprintf(" in the namespace %q", a.Namespace)
	}
	return text + " at the cluster scope"
}
