package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// Role is a set of permissions in a namespace.
var Role = api.Define(api.Kind[*rbacv1.Role]{
	GVK: gv.WithKind("Role"), Plural: "roles", Prefix: "roles", Namespaced: true,
	New: api.New[rbacv1.Role], NewList: api.NewList[rbacv1.RoleList],
	ValidateName:        meta.PathSegment,
	AllowCreateOnUpdate: true,

	Validate: func(o *rbacv1.Role) field.ErrorList {
		return append(validateRules(o.Rules, false), unspoken(o.Rules)...)
	},
})
