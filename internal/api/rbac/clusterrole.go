package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// ClusterRole is a set of permissions.
var ClusterRole = api.Define(api.Kind[*rbacv1.ClusterRole]{
	GVK: gv.WithKind("ClusterRole"), Plural: "clusterroles", Prefix: "clusterroles",
	New: api.New[rbacv1.ClusterRole], NewList: api.NewList[rbacv1.ClusterRoleList],
	ValidateName:        meta.PathSegment,
	AllowCreateOnUpdate: true,
})
