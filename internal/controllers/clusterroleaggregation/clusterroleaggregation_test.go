package clusterroleaggregation

import (
	"slices"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func role(name, label string, resources ...string) *rbacv1.ClusterRole {
	r := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{label: "true"}}}
	for _, res := range resources {
		r.Rules = append(r.Rules, rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{res}})
	}
	return r
}

func gathers(name, label string, from ...string) *rbacv1.ClusterRole {
	r := role(name, label)
	r.AggregationRule = &rbacv1.AggregationRule{}
	for _, f := range from {
		r.AggregationRule.ClusterRoleSelectors = append(r.AggregationRule.ClusterRoleSelectors,
			metav1.LabelSelector{MatchLabels: map[string]string{f: "true"}})
	}
	return r
}

func resources(rules []rbacv1.PolicyRule) (names []string) {
	for _, r := range rules {
		names = append(names, r.Resources...)
	}
	return names
}

func TestGatherTakesEachRuleOnceInAStableOrder(t *testing.T) {
	edit := gathers("edit", "to-edit", "to-edit", "more")
	all := []*rbacv1.ClusterRole{role("z", "to-edit", "pods", "secrets"), edit, role("a", "to-edit", "services", "pods"),
		role("m", "more", "secrets", "nodes"), role("other", "x", "leases")}
	rules, err := gather(edit, all)
	if got, want := resources(rules), []string{"services", "pods", "secrets", "nodes"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v (%v)", got, want, err)
	}
	edit.AggregationRule.ClusterRoleSelectors[0].MatchLabels = map[string]string{"not a label": "x"}
	if _, err := gather(edit, all); err == nil {
		t.Error("a selector that cannot be read was taken")
	}
}

func TestRulesFollowTheRolesThatHaveThem(t *testing.T) {
	objects := []runtime.Object{
		gathers("admin", "x", "to-admin"), gathers("edit", "to-admin", "to-edit"),
		role("parts", "to-edit", "pods"), role("stays", "y", "nodes"),
	}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) { return New(c.Kube, f), nil })
		api := c.Kube.RbacV1().ClusterRoles()
		expect := func(name string, want ...string) {
			t.Helper()
			r, err := api.Get(t.Context(), name, metav1.GetOptions{})
			if got := resources(r.Rules); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s has %v, want %v (%v)", name, got, want, err)
			}
		}
		expect("admin", "pods") // through edit
		expect("stays", "nodes")

		if _, err := api.Create(t.Context(), role("operator", "to-edit", "widgets"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		expect("edit", "widgets", "pods")
		expect("admin", "widgets", "pods")

		if err := api.Delete(t.Context(), "operator", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := api.Delete(t.Context(), "parts", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		expect("admin")
		before := c.Writes()
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}
	})
}
