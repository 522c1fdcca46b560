package authz

import (
	"context"
	"errors"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/serviceaccount"
)

// RBAC decides by roles and bindings. It follows their tables and keeps them
// by subject, so a decision looks at the bindings of one user and its groups
// and at nothing else. A grant is believed at once; before it refuses, it
// reads what has changed, so nobody is turned away by a role just written.
type RBAC struct {
	index  index
	tables []*follower
}

// NewRBAC makes the authorizer. It answers rightly from the start; Run lets it
// see that grants are taken back.
func NewRBAC(storage Storage) *RBAC {
	r := &RBAC{}
	r.index.init()
	r.tables = r.followers(storage)
	return r
}

// Run follows the roles and bindings until ctx ends.
func (r *RBAC) Run(ctx context.Context) error {
	done := make(chan struct{})
	for _, f := range r.tables {
		go func() { f.run(ctx); done <- struct{}{} }()
	}
	for range r.tables {
		<-done
	}
	return nil
}

// Authorize implements Authorizer.
func (r *RBAC) Authorize(ctx context.Context, a Attributes) (Decision, string, error) {
	if reason, ok, _ := r.granted(&a); ok {
		return Allow, reason, nil
	}
	if err := r.refresh(ctx); err != nil {
		return NoOpinion, "", fmt.Errorf("cannot read the roles: %w", err)
	}
	reason, ok, missing := r.granted(&a)
	if ok {
		return Allow, reason, nil
	}
	if missing != nil {
		return NoOpinion, fmt.Sprintf("RBAC: %v", missing), nil
	}
	return NoOpinion, "", nil
}

// granted looks for a binding whose role grants what a asks. missing are the
// roles that bindings name but that are not there.
func (r *RBAC) granted(a *Attributes) (reason string, ok bool, missing error) {
	missing = r.index.visit(a.User, a.Namespace, func(b *binding, subject int, rules []rbacv1.PolicyRule) bool {
		if !allows(rules, a) {
			return true
		}
		reason, ok = b.reason(subject), true
		return false
	})
	return reason, ok, missing
}

// RulesFor returns all rules that hold for user in namespace ("": only those
// of cluster roles bound everywhere). err says which roles are missing; the
// rules beside it are right all the same.
func (r *RBAC) RulesFor(ctx context.Context, user *authn.User, namespace string) ([]rbacv1.PolicyRule, error) {
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	var out []rbacv1.PolicyRule
	err := r.index.visit(user, namespace, func(_ *binding, _ int, rules []rbacv1.PolicyRule) bool {
		out = append(out, rules...)
		return true
	})
	return out, err
}

// RoleRules returns the rules of the role that a binding in namespace refers
// to.
func (r *RBAC) RoleRules(ctx context.Context, ref rbacv1.RoleRef, namespace string) ([]rbacv1.PolicyRule, error) {
	if err := r.refresh(ctx); err != nil {
		return nil, err
	}
	r.index.mu.RLock()
	defer r.index.mu.RUnlock()
	return r.index.rules(ref, namespace)
}

func (r *RBAC) refresh(ctx context.Context) error {
	var failed error
	for _, f := range r.tables {
		failed = errors.Join(failed, f.refresh(ctx))
	}
	return failed
}

// binding is a RoleBinding or, without a namespace, a ClusterRoleBinding.
type binding struct {
	namespace, name string
	role            rbacv1.RoleRef
	subjects        []rbacv1.Subject
}

// reason is upstream's wording; audit logs keep it.
func (b *binding) reason(subject int) string {
	s := b.subjects[subject]
	who := fmt.Sprintf("%s %q", s.Kind, s.Name)
	if s.Kind == rbacv1.ServiceAccountKind {
		who = fmt.Sprintf("%s %q", s.Kind, s.Name+"/"+s.Namespace)
	}
	if b.namespace == "" {
		return fmt.Sprintf("RBAC: allowed by ClusterRoleBinding %q of ClusterRole %q to %s", b.name, b.role.Name, who)
	}
	return fmt.Sprintf("RBAC: allowed by RoleBinding %q of %s %q to %s", b.name+"/"+b.namespace, b.role.Kind, b.role.Name, who)
}

// subjectOf is the name by which bindings find a subject: "u:NAME" or
// "g:NAME". A service account is a user.
func subjectOf(s rbacv1.Subject, namespace string) string {
	switch s.Kind {
	case rbacv1.UserKind:
		return "u:" + s.Name
	case rbacv1.GroupKind:
		return "g:" + s.Name
	case rbacv1.ServiceAccountKind:
		if s.Namespace != "" {
			namespace = s.Namespace
		}
		return "u:" + serviceaccount.UserName(namespace, s.Name)
	}
	return ""
}

func missingRole(ref rbacv1.RoleRef) error {
	kind := schema.GroupResource{Group: rbacv1.GroupName, Resource: "clusterrole"}
	if ref.Kind == "Role" {
		kind.Resource = "role"
	}
	return fmt.Errorf("%s %q not found", kind, ref.Name)
}
