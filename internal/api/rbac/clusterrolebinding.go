package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// ClusterRoleBinding grants a ClusterRole everywhere.
var ClusterRoleBinding = api.Define(api.Kind[*rbacv1.ClusterRoleBinding]{
	GVK: gv.WithKind("ClusterRoleBinding"), Plural: "clusterrolebindings", Prefix: "clusterrolebindings",
	New: api.New[rbacv1.ClusterRoleBinding], NewList: api.NewList[rbacv1.ClusterRoleBindingList],
	ValidateName:        meta.PathSegment,
	AllowCreateOnUpdate: true,

	Default: func(o *rbacv1.ClusterRoleBinding) { defaultBinding(&o.RoleRef, o.Subjects) },
	Validate: func(o *rbacv1.ClusterRoleBinding) field.ErrorList {
		return validateBinding(&o.RoleRef, o.Subjects, false, "ClusterRole")
	},
	ValidateUpdate: func(o, old *rbacv1.ClusterRoleBinding) field.ErrorList {
		return validateRoleRef(o.RoleRef, old.RoleRef)
	},

	Columns: table.Of("Name", "Role", "Age").Wide(bindingColumns...).Docs(map[string]string{
		"Role":            rbacv1.ClusterRoleBinding{}.SwaggerDoc()["roleRef"],
		"Users":           "Users in the clusterRoleBinding",
		"Groups":          "Groups in the clusterRoleBinding",
		"ServiceAccounts": "ServiceAccounts in the clusterRoleBinding",
	}),
	Row: func(o *rbacv1.ClusterRoleBinding) []any {
		role, wide := bindingCells(o.RoleRef, o.Subjects)
		return append([]any{o.Name, role, table.Age(o.CreationTimestamp)}, wide...)
	},
})
