package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// ClusterRole is a set of permissions, for a namespace or for all.
var ClusterRole = api.Define(api.Kind[*rbacv1.ClusterRole]{
	GVK: gv.WithKind("ClusterRole"), Plural: "clusterroles", Prefix: "clusterroles",
	New: api.New[rbacv1.ClusterRole], NewList: api.NewList[rbacv1.ClusterRoleList],
	ValidateName:        meta.PathSegment,
	AllowCreateOnUpdate: true,

	Validate: func(o *rbacv1.ClusterRole) field.ErrorList {
		errs := validateRules(o.Rules, true)
		errs = append(errs, validateAggregation(o.AggregationRule)...)
		return append(errs, unspoken(o.Rules)...)
	},
})

func validateAggregation(a *rbacv1.AggregationRule) field.ErrorList {
	if a == nil {
		return nil
	}
	p := field.NewPath("aggregationRule", "clusterRoleSelectors")
	if len(a.ClusterRoleSelectors) == 0 {
		return field.ErrorList{field.Required(p, "at least one clusterRoleSelector required if aggregationRule is non-nil")}
	}
	var errs field.ErrorList
	for i := range a.ClusterRoleSelectors {
		errs = append(errs, meta.Selector(p.Index(i), &a.ClusterRoleSelectors[i])...)
	}
	return errs
}
