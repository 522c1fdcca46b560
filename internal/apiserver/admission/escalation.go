package admission

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/apiserver/authz"
)

// RBACEscalation lets nobody grant what they do not hold: neither by writing a
// role nor by binding one. The verbs escalate and bind are the exceptions.
type RBACEscalation struct {
	RBAC       *authz.RBAC
	Authorizer authz.Authorizer
}

// Name implements Plugin.
func (RBACEscalation) Name() string { return "RBACEscalation" }

// Admit implements Plugin.
func (RBACEscalation) Admit(context.Context, *Request) error { return nil }

// Validate implements Plugin.
func (p RBACEscalation) Validate(ctx context.Context, r *Request) error {
	if r.Operation != Create && r.Operation != Update {
		return nil
	}
	switch obj := r.Object.(type) {
	case *rbacv1.Role:
		old, _ := r.Old.(*rbacv1.Role)
		return p.role(ctx, r, obj.Rules, old != nil && equality.Semantic.DeepEqual(obj.Rules, old.Rules))
	case *rbacv1.ClusterRole:
		old, _ := r.Old.(*rbacv1.ClusterRole)
		if old == nil || !equality.Semantic.DeepEqual(obj.AggregationRule, old.AggregationRule) {
			if err := p.aggregation(ctx, r, obj); err != nil {
				return err
			}
		}
		return p.role(ctx, r, obj.Rules, old != nil && equality.Semantic.DeepEqual(obj.Rules, old.Rules))
	case *rbacv1.RoleBinding:
		old, _ := r.Old.(*rbacv1.RoleBinding)
		return p.binding(ctx, r, obj.RoleRef, old != nil && old.RoleRef == obj.RoleRef && equality.Semantic.DeepEqual(obj.Subjects, old.Subjects))
	case *rbacv1.ClusterRoleBinding:
		old, _ := r.Old.(*rbacv1.ClusterRoleBinding)
		return p.binding(ctx, r, obj.RoleRef, old != nil && old.RoleRef == obj.RoleRef && equality.Semantic.DeepEqual(obj.Subjects, old.Subjects))
	}
	return nil
}

// role checks the writing of a role, unless its rules stay as they were.
func (p RBACEscalation) role(ctx context.Context, r *Request, rules []rbacv1.PolicyRule, same bool) error {
	if same || p.allowed(ctx, r, "escalate", r.Resource.Plural, r.name()) {
		return nil
	}
	if err := p.RBAC.ConfirmNoEscalation(ctx, r.User, r.Namespace, rules); err != nil {
		return r.forbid(err.Error())
	}
	return nil
}

// aggregation gathers rules that nobody can know beforehand.
func (p RBACEscalation) aggregation(ctx context.Context, r *Request, role *rbacv1.ClusterRole) error {
	if role.AggregationRule == nil || p.allowed(ctx, r, "escalate", r.Resource.Plural, r.name()) {
		return nil
	}
	all := []rbacv1.PolicyRule{
		{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}},
		{NonResourceURLs: []string{"*"}, Verbs: []string{"*"}},
	}
	if err := p.RBAC.ConfirmNoEscalation(ctx, r.User, "", all); err != nil {
		return r.forbid("must have cluster-admin privileges to use the aggregationRule")
	}
	return nil
}

// binding checks the binding of a role, unless who has what stays the same.
func (p RBACEscalation) binding(ctx context.Context, r *Request, ref rbacv1.RoleRef, same bool) error {
	plural := "clusterroles"
	if ref.Kind == "Role" {
		plural = "roles"
	}
	if same || p.allowed(ctx, r, "bind", plural, ref.Name) {
		return nil
	}
	rules, err := p.RBAC.RoleRules(ctx, ref, r.Namespace)
	if err != nil {
		return apierrors.NewNotFound(rbacv1.Resource(plural), ref.Name)
	}
	if err := p.RBAC.ConfirmNoEscalation(ctx, r.User, r.Namespace, rules); err != nil {
		return r.forbid(err.Error())
	}
	return nil
}

func (p RBACEscalation) allowed(ctx context.Context, r *Request, verb, plural, name string) bool {
	namespace := r.Namespace
	decision, _, err := p.Authorizer.Authorize(ctx, authz.Attributes{
		User: r.User, Verb: verb, Group: rbacv1.GroupName, Version: "*", Resource: plural, Namespace: namespace, Name: name,
	})
	return err == nil && decision == authz.Allow
}
