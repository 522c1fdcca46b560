package bootstrap

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

func TestPolicy(t *testing.T) {
	p, err := parsePolicy(policyText)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]*rbacv1.ClusterRole{}
	for _, r := range p.clusterRoles {
		if roles[r.Name] != nil {
			t.Errorf("ClusterRole %q is there twice", r.Name)
		}
		roles[r.Name] = r
	}
	for _, b := range p.clusterRoleBindings {
		if roles[b.RoleRef.Name] == nil {
			t.Errorf("ClusterRoleBinding %q is of %q, which is not there", b.Name, b.RoleRef.Name)
		}
	}
	for _, b := range p.roleBindings {
		if !slices.ContainsFunc(p.roles, func(r *rbacv1.Role) bool { return r.Namespace == b.Namespace && r.Name == b.RoleRef.Name }) {
			t.Errorf("RoleBinding %s/%s is of %q, which is not there", b.Namespace, b.Name, b.RoleRef.Name)
		}
	}
	if r := roles["edit"]; r.AggregationRule == nil || r.Labels["rbac.authorization.k8s.io/aggregate-to-admin"] != "true" {
		t.Errorf("edit is %+v", r)
	}
	all := roles["cluster-admin"].Rules
	if len(all) != 2 || all[0].Resources[0] != "*" || all[1].NonResourceURLs[0] != "*" {
		t.Errorf("cluster-admin has %v", all)
	}
}

func TestPolicyRules(t *testing.T) {
	p, err := parsePolicy("ClusterRole x\n  read core,events.k8s.io : events pods/log = a b\n  get : /healthz /api/*\n")
	if err != nil {
		t.Fatal(err)
	}
	got := p.clusterRoles[0].Rules
	want := []rbacv1.PolicyRule{
		{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events", "pods/log"}, ResourceNames: []string{"a", "b"}},
		{Verbs: []string{"get"}, NonResourceURLs: []string{"/healthz", "/api/*"}},
	}
	if len(got) != 2 || got[0].String() != want[0].String() || got[1].String() != want[1].String() {
		t.Errorf("%v", got)
	}
}

func TestPolicySaysWhereItIsWrong(t *testing.T) {
	for _, text := range []string{
		"Klusterrole x\n", "ClusterRole\n", "ClusterRoleBinding x\n", "ClusterRole x y\n",
		"ClusterRole x\n  get pods\n", "ClusterRoleBinding x -> ClusterRole y\n  nobody\n",
	} {
		if _, err := parsePolicy("# a comment\n" + text); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
