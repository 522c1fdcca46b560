package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// RoleBinding grants a role in a namespace.
var RoleBinding = api.Define(api.Kind[*rbacv1.RoleBinding]{
	GVK: gv.WithKind("RoleBinding"), Plural: "rolebindings", Prefix: "rolebindings", Namespaced: true,
	New: api.New[rbacv1.RoleBinding], NewList: api.NewList[rbacv1.RoleBindingList],
	ValidateName:        meta.PathSegment,
	AllowCreateOnUpdate: true,
})
