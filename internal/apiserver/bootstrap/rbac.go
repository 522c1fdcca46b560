package bootstrap

import (
	"context"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/apiserver/authz"
)

// roles writes the roles and bindings that are missing, and gives those that
// have fallen behind what they lack. What users added stays; a role or binding
// whose autoupdate annotation is "false" is theirs alone.
func (b *bootstrapper) roles(ctx context.Context) error {
	p, err := parsePolicy(policyText)
	if err != nil {
		return err
	}
	api := b.kube.RbacV1()
	return together(ctx,
		func(ctx context.Context) error {
			return reconcile(ctx, b, api.ClusterRoles(), p.clusterRoles, mergeClusterRole)
		},
		func(ctx context.Context) error {
			return reconcile(ctx, b, api.ClusterRoleBindings(), p.clusterRoleBindings, func(have, want *rbacv1.ClusterRoleBinding) bool {
				return mergeSubjects(&have.Subjects, want.Subjects)
			})
		},
		func(ctx context.Context) error {
			for namespace, roles := range byNamespace(p.roles) {
				if err := reconcile(ctx, b, api.Roles(namespace), roles, func(have, want *rbacv1.Role) bool {
					return mergeRules(&have.Rules, want.Rules)
				}); err != nil {
					return err
				}
			}
			return nil
		},
		func(ctx context.Context) error {
			for namespace, bindings := range byNamespace(p.roleBindings) {
				if err := reconcile(ctx, b, api.RoleBindings(namespace), bindings, func(have, want *rbacv1.RoleBinding) bool {
					return mergeSubjects(&have.Subjects, want.Subjects)
				}); err != nil {
					return err
				}
			}
			return nil
		},
	)
}

func byNamespace[T metav1.Object](objects []T) map[string][]T {
	out := map[string][]T{}
	for _, o := range objects {
		out[o.GetNamespace()] = append(out[o.GetNamespace()], o)
	}
	return out
}

// mergeClusterRole leaves the rules of an aggregated role alone: they are its
// controller's.
func mergeClusterRole(have, want *rbacv1.ClusterRole) (changed bool) {
	if want.AggregationRule != nil {
		if equality.Semantic.DeepEqual(have.AggregationRule, want.AggregationRule) {
			return false
		}
		if have.AggregationRule == nil {
			have.AggregationRule = &rbacv1.AggregationRule{}
		}
		for _, s := range want.AggregationRule.ClusterRoleSelectors {
			if !slices.ContainsFunc(have.AggregationRule.ClusterRoleSelectors, func(h metav1.LabelSelector) bool {
				return equality.Semantic.DeepEqual(h, s)
			}) {
				have.AggregationRule.ClusterRoleSelectors = append(have.AggregationRule.ClusterRoleSelectors, s)
				changed = true
			}
		}
		return changed
	}
	return mergeRules(&have.Rules, want.Rules)
}

// mergeRules adds the rules of want that have does not cover.
func mergeRules(have *[]rbacv1.PolicyRule, want []rbacv1.PolicyRule) (changed bool) {
	for _, rule := range want {
		if len(authz.Uncovered(*have, []rbacv1.PolicyRule{rule})) > 0 {
			*have = append(*have, rule)
			changed = true
		}
	}
	return changed
}

func mergeSubjects(have *[]rbacv1.Subject, want []rbacv1.Subject) (changed bool) {
	for _, s := range want {
		if !slices.Contains(*have, s) {
			*have = append(*have, s)
			changed = true
		}
	}
	return changed
}
