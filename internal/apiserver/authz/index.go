package authz

import (
	"slices"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"skiff/internal/apiserver/authn"
)

// index holds roles by name and bindings by subject. Its lists are replaced,
// never changed, so a reader may keep one it has found.
type index struct {
	mu sync.RWMutex
	// roles and bindings by namespace and name; the cluster's have no
	// namespace.
	roles    map[types.NamespacedName][]rbacv1.PolicyRule
	bindings map[types.NamespacedName]*binding
	// bound are the bindings that name a subject, by the binding's namespace.
	bound map[boundKey][]*binding
}

type boundKey struct{ namespace, subject string }

func (x *index) init() {
	x.roles = map[types.NamespacedName][]rbacv1.PolicyRule{}
	x.bindings = map[types.NamespacedName]*binding{}
	x.bound = map[boundKey][]*binding{}
}

// visit calls f with every role bound to user, everywhere and in namespace,
// until f returns false. subject is the place in the binding's subjects by
// which it is the user's. It returns which roles are missing.
func (x *index) visit(user *authn.User, namespace string, f func(b *binding, subject int, rules []rbacv1.PolicyRule) bool) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var missing []error
	each := func(namespace, subject string) bool {
		for _, b := range x.bound[boundKey{namespace, subject}] {
			rules, err := x.rules(b.role, b.namespace)
			if err != nil {
				missing = append(missing, err)
				continue
			}
			at := slices.IndexFunc(b.subjects, func(s rbacv1.Subject) bool { return subjectOf(s, b.namespace) == subject })
			if !f(b, at, rules) {
				return false
			}
		}
		return true
	}
	for _, ns := range slices.Compact([]string{"", namespace}) {
		if !each(ns, "u:"+user.Name) {
			return nil
		}
		for _, group := range user.Groups {
			if !each(ns, "g:"+group) {
				return nil
			}
		}
	}
	return utilerrors.NewAggregate(missing)
}

// rules returns the rules of a role. The caller holds mu.
func (x *index) rules(ref rbacv1.RoleRef, namespace string) ([]rbacv1.PolicyRule, error) {
	if ref.Kind == "ClusterRole" {
		namespace = ""
	} else if namespace == "" {
		return nil, missingRole(ref)
	}
	rules, ok := x.roles[types.NamespacedName{Namespace: namespace, Name: ref.Name}]
	if !ok {
		return nil, missingRole(ref)
	}
	return rules, nil
}

func (x *index) setRole(key types.NamespacedName, rules []rbacv1.PolicyRule) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.roles[key] = rules
}

func (x *index) dropRole(key types.NamespacedName) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.roles, key)
}

func (x *index) setBinding(key types.NamespacedName, ref rbacv1.RoleRef, subjects []rbacv1.Subject) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.unbind(key)
	b := &binding{namespace: key.Namespace, name: key.Name, role: ref, subjects: subjects}
	x.bindings[key] = b
	for _, s := range subjects {
		k := boundKey{key.Namespace, subjectOf(s, key.Namespace)}
		if !slices.Contains(x.bound[k], b) {
			x.bound[k] = append(slices.Clone(x.bound[k]), b)
		}
	}
}

func (x *index) dropBinding(key types.NamespacedName) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.unbind(key)
	delete(x.bindings, key)
}

func (x *index) unbind(key types.NamespacedName) {
	b := x.bindings[key]
	if b == nil {
		return
	}
	for _, s := range b.subjects {
		k := boundKey{key.Namespace, subjectOf(s, key.Namespace)}
		rest := slices.DeleteFunc(slices.Clone(x.bound[k]), func(have *binding) bool { return have == b })
		if len(rest) == 0 {
			delete(x.bound, k)
		} else {
			x.bound[k] = rest
		}
	}
}
