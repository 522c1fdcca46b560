package bootstrap

import (
	_ "embed"
	"fmt"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

//go:embed rbac.txt
var policyText string

const (
	bootstrapLabel  = "kubernetes.io/bootstrapping"
	bootstrapValue  = "rbac-defaults"
	aggregatePrefix = "rbac.authorization.k8s.io/aggregate-to-"
)

// policy is the text of rbac.txt, read.
type policy struct {
	clusterRoles        []*rbacv1.ClusterRole
	clusterRoleBindings []*rbacv1.ClusterRoleBinding
	roles               []*rbacv1.Role
	roleBindings        []*rbacv1.RoleBinding

	// add takes one indented line for the object that was begun last.
	add func(line string) error
}

var verbSets = map[string][]string{
	"read":  {"get", "list", "watch"},
	"write": {"create", "delete", "deletecollection", "patch", "update"},
	"all":   {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"},
}

// parsePolicy reads the form that the head of rbac.txt describes.
func parsePolicy(text string) (*policy, error) {
	p := &policy{add: func(line string) error { return fmt.Errorf("%q belongs to no object", line) }}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\n")
		var err error
		switch {
		case strings.TrimSpace(line) == "" || line[0] == '#':
		case line[0] == ' ':
			err = p.add(line)
		default:
			err = p.begin(strings.Fields(line))
		}
		if err != nil {
			return nil, fmt.Errorf("rbac.txt, line %d: %w", number, err)
		}
	}
	return p, nil
}

// begin starts an object by its first line.
func (p *policy) begin(words []string) error {
	if len(words) < 2 {
		return fmt.Errorf("%q has no name", words)
	}
	kind, rest := words[0], words[2:]
	meta := defaultMeta(words[1], kind == "Role" || kind == "RoleBinding")
	switch kind {
	case "ClusterRole":
		role := &rbacv1.ClusterRole{ObjectMeta: meta}
		p.clusterRoles = append(p.clusterRoles, role)
		p.add = rulesInto(&role.Rules)
		return aggregate(role, rest)
	case "Role":
		role := &rbacv1.Role{ObjectMeta: meta}
		p.roles = append(p.roles, role)
		p.add = rulesInto(&role.Rules)
		return nil
	}
	if len(rest) != 3 || rest[0] != "->" {
		return fmt.Errorf("the binding %s names no role", meta.Name)
	}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: rest[1], Name: rest[2]}
	switch kind {
	case "ClusterRoleBinding":
		b := &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: ref}
		p.clusterRoleBindings = append(p.clusterRoleBindings, b)
		p.add = subjectsInto(&b.Subjects)
	case "RoleBinding":
		b := &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: ref}
		p.roleBindings = append(p.roleBindings, b)
		p.add = subjectsInto(&b.Subjects)
	default:
		return fmt.Errorf("%q is not a kind", kind)
	}
	return nil
}

func defaultMeta(name string, namespaced bool) metav1.ObjectMeta {
	meta := metav1.ObjectMeta{
		Name:        name,
		Labels:      map[string]string{bootstrapLabel: bootstrapValue},
		Annotations: map[string]string{rbacv1.AutoUpdateAnnotationKey: "true"},
	}
	if namespaced {
		meta.Namespace, meta.Name, _ = strings.Cut(name, "/")
	}
	return meta
}

// aggregate reads "> PART OF..." and "< GATHERS".
func aggregate(role *rbacv1.ClusterRole, words []string) error {
	mode := ""
	for _, w := range words {
		switch {
		case w == ">" || w == "<":
			mode = w
		case mode == ">":
			role.Labels[aggregatePrefix+w] = "true"
		case mode == "<":
			role.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{
				{MatchLabels: map[string]string{aggregatePrefix + w: "true"}},
			}}
		default:
			return fmt.Errorf("%q belongs behind > or <", w)
		}
	}
	return nil
}

func rulesInto(rules *[]rbacv1.PolicyRule) func(string) error {
	return func(line string) error {
		head, tail, ok := strings.Cut(line, " : ")
		words := strings.Fields(head)
		if !ok || len(words) == 0 || len(words) > 2 {
			return fmt.Errorf("%q is not a rule", line)
		}
		rule := rbacv1.PolicyRule{Verbs: strings.Split(words[0], ",")}
		if set := verbSets[words[0]]; set != nil {
			rule.Verbs = set
		}
		if len(words) == 1 {
			rule.NonResourceURLs = strings.Fields(tail)
		} else {
			resources, names, _ := strings.Cut(tail, " = ")
			for group := range strings.SplitSeq(words[1], ",") {
				if group == "core" {
					group = ""
				}
				rule.APIGroups = append(rule.APIGroups, group)
			}
			rule.Resources, rule.ResourceNames = strings.Fields(resources), strings.Fields(names)
		}
		*rules = append(*rules, rule)
		return nil
	}
}

func subjectsInto(subjects *[]rbacv1.Subject) func(string) error {
	return func(line string) error {
		for _, word := range strings.Fields(line) {
			kind, name, _ := strings.Cut(word, ":")
			s := rbacv1.Subject{APIGroup: rbacv1.GroupName, Name: name}
			switch kind {
			case "user":
				s.Kind = rbacv1.UserKind
			case "group":
				s.Kind = rbacv1.GroupKind
			case "sa":
				s.Kind, s.APIGroup = rbacv1.ServiceAccountKind, ""
				s.Namespace, s.Name, _ = strings.Cut(name, "/")
			default:
				return fmt.Errorf("%q is not a subject", word)
			}
			*subjects = append(*subjects, s)
		}
		return nil
	}
}
