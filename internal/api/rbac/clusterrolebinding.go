package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// ClusterRoleBinding grants a ClusterRole everywhere.
var ClusterRoleBinding = api.Define(api.Kind[*rbacv1.ClusterRoleBinding]{
	GVK: gv.WithKind("ClusterRoleBinding"), Plural: "clusterrolebindings", Prefix: "clusterrolebindings",
	New: api.New[rbacv1.ClusterRoleBinding], NewList: api.NewList[rbacv1.ClusterRoleBindingList],
	ValidateName:        meta.PathSegment,
	AllowCreateOnUpdate: true,
})
