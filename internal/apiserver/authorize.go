package apiserver

import (
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
