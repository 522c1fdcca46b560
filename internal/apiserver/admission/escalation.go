package admission

import (
	"context"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api"
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

// Admit implements Admitter. Who may not grant is told so, whatever else is wrong
// with what they write.
func (p RBACEscalation) Admit(ctx context.Context, r *Request) error { return p.check(ctx, r) }

// Validate implements Validator: once more, since others may have changed what is
// granted.
func (p RBACEscalation) Validate(ctx context.Context, r *Request) error { return p.check(ctx, r) }

func (p RBACEscalation) check(ctx context.Context, r *Request) error {
	if r.Operation != Create && r.Operation != Update || !isOfRights(r.Object) || onlyOwned(r) {
		return nil
	}
	switch obj := r.Object.(type) {
	case *rbacv1.Role:
		return p.role(ctx, r, obj.Rules)
	case *rbacv1.ClusterRole:
		old, _ := r.Old.(*rbacv1.ClusterRole)
		if err := p.role(ctx, r, obj.Rules); err != nil {
			return err
		}
		if obj.AggregationRule != nil || old != nil && old.AggregationRule != nil {
			return p.aggregation(ctx, r)
		}
		return nil
	case *rbacv1.RoleBinding:
		return p.binding(ctx, r, obj.RoleRef)
	case *rbacv1.ClusterRoleBinding:
		return p.binding(ctx, r, obj.RoleRef)
	}
	return nil
}

func isOfRights(obj any) bool {
	switch obj.(type) {
	case *rbacv1.Role, *rbacv1.ClusterRole, *rbacv1.RoleBinding, *rbacv1.ClusterRoleBinding:
		return true
	}
	return false
}

// onlyOwned says whether an update is about nothing but what the garbage
// collector needs to be rid of an object: that is for anyone who may write it.
func onlyOwned(r *Request) bool {
	old, ok := r.Old.(api.Object)
	if !ok {
		return false
	}
	obj, ok := r.Object.DeepCopyObject().(api.Object)
	if !ok {
		return false
	}
	obj.SetOwnerReferences(old.GetOwnerReferences())
	obj.SetFinalizers(old.GetFinalizers())
	obj.SetManagedFields(old.GetManagedFields())
	obj.GetObjectKind().SetGroupVersionKind(old.GetObjectKind().GroupVersionKind())
	return equality.Semantic.DeepEqual(obj, old)
}

// role checks the writing of a role.
func (p RBACEscalation) role(ctx context.Context, r *Request, rules []rbacv1.PolicyRule) error {
	if p.allowed(ctx, r, "escalate", r.Resource.Plural, r.name()) {
		return nil
	}
	if err := p.RBAC.ConfirmNoEscalation(ctx, r.User, r.Namespace, rules); err != nil {
		return r.forbid(err.Error())
	}
	return nil
}

// aggregation gathers rules that nobody can know beforehand.
func (p RBACEscalation) aggregation(ctx context.Context, r *Request) error {
	if p.allowed(ctx, r, "escalate", r.Resource.Plural, r.name()) {
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

// binding checks the binding of a role. That there are no others is for the kind
// to say.
func (p RBACEscalation) binding(ctx context.Context, r *Request, ref rbacv1.RoleRef) error {
	plural, ok := map[string]string{"ClusterRole": "clusterroles", "Role": "roles"}[ref.Kind]
	if !ok || p.allowed(ctx, r, "bind", plural, ref.Name) {
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
