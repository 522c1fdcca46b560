package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// RoleBinding grants a role in a namespace.
var RoleBinding = api.Define(api.Kind[*rbacv1.RoleBinding]{
	GVK: gv.WithKind("RoleBinding"), Plural: "rolebindings", Prefix: "rolebindings", Namespaced: true,
	New: api.New[rbacv1.RoleBinding], NewList: api.NewList[rbacv1.RoleBindingList],
	ValidateName:        meta.PathSegment,
	AllowCreateOnUpdate: true,

	Default: func(o *rbacv1.RoleBinding) { defaultBinding(&o.RoleRef, o.Subjects) },
	Validate: func(o *rbacv1.RoleBinding) field.ErrorList {
		return validateBinding(&o.RoleRef, o.Subjects, true, "Role", "ClusterRole")
	},
	ValidateUpdate: func(o, old *rbacv1.RoleBinding) field.ErrorList { return validateRoleRef(o.RoleRef, old.RoleRef) },

	Columns: table.Of("Name", "Role", "Age").Wide(bindingColumns...).Docs(map[string]string{
		"Role":            rbacv1.RoleBinding{}.SwaggerDoc()["roleRef"],
		"Users":           "Users in the roleBinding",
		"Groups":          "Groups in the roleBinding",
		"ServiceAccounts": "ServiceAccounts in the roleBinding",
	}),
	Row: func(o *rbacv1.RoleBinding) []any {
		role, wide := bindingCells(o.RoleRef, o.Subjects)
		return append([]any{o.Name, role, table.Age(o.CreationTimestamp)}, wide...)
	},
})
