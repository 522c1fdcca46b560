package authz

import (
	"context"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"skiff/internal/apiserver/authn"
)

// Uncovered returns those parts of asked that none of held grants, each as a
// rule of one verb on one resource or path.
func Uncovered(held, asked []rbacv1.PolicyRule) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for i := range asked {
		for _, atom := range atoms(&asked[i]) {
			if !slices.ContainsFunc(held, func(h rbacv1.PolicyRule) bool { return covers(&h, &atom) }) {
				out = append(out, atom)
			}
		}
	}
	return out
}

// atoms splits a rule into rules of one verb, one group, one resource and one
// name each. A rule with a wildcard stays one: the wildcard itself must be held.
func atoms(r *rbacv1.PolicyRule) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for _, verb := range r.Verbs {
		for _, path := range r.NonResourceURLs {
			out = append(out, rbacv1.PolicyRule{Verbs: []string{verb}, NonResourceURLs: []string{path}})
		}
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				one := rbacv1.PolicyRule{Verbs: []string{verb}, APIGroups: []string{group}, Resources: []string{resource}}
				if len(r.ResourceNames) == 0 {
					out = append(out, one)
				}
				for _, name := range r.ResourceNames {
					named := one
					named.ResourceNames = []string{name}
					out = append(out, named)
				}
			}
		}
	}
	return out
}

// covers says whether held grants all that atom does.
func covers(held, atom *rbacv1.PolicyRule) bool {
	if !hasOrAll(held.Verbs, atom.Verbs[0]) {
		return false
	}
	if len(atom.NonResourceURLs) > 0 {
		return pathMatches(held.NonResourceURLs, atom.NonResourceURLs[0])
	}
	resource, part, _ := strings.Cut(atom.Resources[0], "/")
	if !hasOrAll(held.APIGroups, atom.APIGroups[0]) || !resourceMatches(held.Resources, resource, part) {
		return false
	}
	if len(held.ResourceNames) == 0 {
		return true
	}
	return len(atom.ResourceNames) > 0 && slices.Contains(held.ResourceNames, atom.ResourceNames[0])
}

// ConfirmNoEscalation fails unless user itself holds, in namespace, all that
// rules grant. It is upstream's check of who writes a role or a binding.
func (r *RBAC) ConfirmNoEscalation(ctx context.Context, user *authn.User, namespace string, rules []rbacv1.PolicyRule) error {
	held, missing := r.RulesFor(ctx, user, namespace)
	lacking := Uncovered(held, rules)
	if len(lacking) == 0 {
		return nil
	}
	lacking = joinVerbs(lacking)
	lines := make([]string, 0, len(lacking))
	for i := range lacking {
		lines = append(lines, compact(&lacking[i]))
	}
	slices.Sort(lines)
	text := fmt.Sprintf("user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n%s",
		user.Name, user.Groups, strings.Join(lines, "\n"))
	if missing != nil {
		text += fmt.Sprintf("; resolution errors: %v", missing)
	}
	return fmt.Errorf("%s", text)
}

// joinVerbs makes one rule of those that differ in their verb alone.
func joinVerbs(atoms []rbacv1.PolicyRule) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for _, a := range atoms {
		at := slices.IndexFunc(out, func(o rbacv1.PolicyRule) bool {
			return slices.Equal(o.APIGroups, a.APIGroups) && slices.Equal(o.Resources, a.Resources) &&
				slices.Equal(o.ResourceNames, a.ResourceNames) && slices.Equal(o.NonResourceURLs, a.NonResourceURLs)
		})
		if at < 0 {
			out = append(out, a)
			continue
		}
		out[at].Verbs = append(out[at].Verbs, a.Verbs...)
	}
	return out
}

// compact prints a rule on one line, as kubectl's users know it.
func compact(r *rbacv1.PolicyRule) string {
	var parts []string
	add := func(name string, list []string) {
		if len(list) > 0 {
			parts = append(parts, fmt.Sprintf("%s:%q", name, list))
		}
	}
	add("APIGroups", r.APIGroups)
	add("Resources", r.Resources)
	add("NonResourceURLs", r.NonResourceURLs)
	add("ResourceNames", r.ResourceNames)
	add("Verbs", r.Verbs)
	return "{" + strings.Join(parts, ", ") + "}"
}
