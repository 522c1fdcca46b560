package authz

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// allows says whether one of rules grants what a asks.
func allows(rules []rbacv1.PolicyRule, a *Attributes) bool {
	for i := range rules {
		if ruleAllows(&rules[i], a) {
			return true
		}
	}
	return false
}

func ruleAllows(r *rbacv1.PolicyRule, a *Attributes) bool {
	if !hasOrAll(r.Verbs, a.Verb) {
		return false
	}
	if a.Resource == "" {
		return pathMatches(r.NonResourceURLs, a.Path)
	}
	return hasOrAll(r.APIGroups, a.Group) && resourceMatches(r.Resources, a.Resource, a.Subresource) &&
		(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, a.Name))
}

func hasOrAll(list []string, want string) bool {
	for _, have := range list {
		if have == want || have == rbacv1.VerbAll {
			return true
		}
	}
	return false
}

// resourceMatches compares with "pods", "pods/log", "*/log" and "*".
func resourceMatches(list []string, resource, subresource string) bool {
	for _, have := range list {
		if have == rbacv1.ResourceAll {
			return true
		}
		name, part, _ := strings.Cut(have, "/")
		if part == subresource && (name == resource || name == rbacv1.ResourceAll && part != "") {
			return true
		}
	}
	return false
}

// pathMatches compares with "/healthz", "/healthz/*" and "*".
func pathMatches(list []string, path string) bool {
	for _, have := range list {
		if prefix, ok := strings.CutSuffix(have, "*"); have == path || ok && strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
