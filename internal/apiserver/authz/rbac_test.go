package authz

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/rbac"
	"skiff/internal/apiserver/authn"
)

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func clusterRole(name string, rules ...rbacv1.PolicyRule) *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{ObjectMeta: named("", name), Rules: rules}
}

func clusterBinding(name, role string, subjects ...rbacv1.Subject) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{ObjectMeta: named("", name), RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: role}, Subjects: subjects}
}

func roleBinding(namespace, name, kind, role string, subjects ...rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{ObjectMeta: named(namespace, name), RoleRef: rbacv1.RoleRef{Kind: kind, Name: role}, Subjects: subjects}
}

func user(name string) rbacv1.Subject  { return rbacv1.Subject{Kind: "User", Name: name} }
func group(name string) rbacv1.Subject { return rbacv1.Subject{Kind: "Group", Name: name} }

func ask(who *authn.User, verb, group, resource, namespace, name string) Attributes {
	resource, sub, _ := strings.Cut(resource, "/")
	return Attributes{User: who, Verb: verb, Group: group, Resource: resource, Subresource: sub, Namespace: namespace, Name: name}
}

func expect(t *testing.T, a Authorizer, attributes Attributes, want Decision) string {
	t.Helper()
	got, reason, err := a.Authorize(t.Context(), attributes)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("%s %s %s/%s %s in %q: %d (%s), want %d", attributes.User.Name, attributes.Verb, attributes.Resource,
			attributes.Subresource, attributes.Name, attributes.Namespace, got, reason, want)
	}
	return reason
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule rbacv1.PolicyRule
		ask  Attributes
		want bool
	}{
		{rule("", "pods", "get"), Attributes{Verb: "get", Resource: "pods"}, true},
		{rule("", "pods", "get"), Attributes{Verb: "list", Resource: "pods"}, false},
		{rule("", "pods", "get"), Attributes{Verb: "get", Resource: "pods", Subresource: "log"}, false},
		{rule("", "pods", "get"), Attributes{Verb: "get", Resource: "pods", Group: "metrics.k8s.io"}, false},
		{rule("*", "*", "*"), Attributes{Verb: "get", Resource: "pods", Subresource: "log", Group: "x"}, true},
		{rule("*", "*/scale", "*"), Attributes{Verb: "get", Resource: "pods", Subresource: "scale"}, true},
		{rule("*", "*/scale", "*"), Attributes{Verb: "get", Resource: "pods"}, false},
		{rule("*", "*", "*"), Attributes{Verb: "get", Path: "/healthz"}, false},
		{rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"/api/*"}}, Attributes{Verb: "get", Path: "/api/v1"}, true},
		{rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"/api"}}, Attributes{Verb: "get", Path: "/api/v1"}, false},
		{rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"*"}}, Attributes{Verb: "get", Path: "/x"}, true},
		{rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}, ResourceNames: []string{"a"}}, Attributes{Verb: "get", Resource: "pods", Name: "a"}, true},
		{rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}, ResourceNames: []string{"a"}}, Attributes{Verb: "get", Resource: "pods", Name: "b"}, false},
	} {
		if got := ruleAllows(&c.rule, &c.ask); got != c.want {
			t.Errorf("%s on %+v: %t", compact(&c.rule), c.ask, got)
		}
	}
}

func TestRBAC(t *testing.T) {
	s := fakeStorage{}
	s.put(rbac.ClusterRole, clusterRole("reader", rule("", "pods", "get list")), clusterRole("all", rule("*", "*", "*")))
	s.put(rbac.Role, &rbacv1.Role{ObjectMeta: named("team", "writer"), Rules: []rbacv1.PolicyRule{rule("", "configmaps", "update")}})
	s.put(rbac.ClusterRoleBinding, clusterBinding("readers", "reader", user("ann"), group("devs")))
	s.put(rbac.RoleBinding,
		roleBinding("team", "all", "ClusterRole", "all", user("bob")),
		roleBinding("team", "builder", "Role", "writer", rbacv1.Subject{Kind: "ServiceAccount", Name: "builder", Namespace: "ci"}),
		roleBinding("team", "lost", "Role", "nowhere", user("carl")))
	a := NewRBAC(s)

	ann, bob := authn.NewUser("ann"), authn.NewUser("bob")
	if got, want := expect(t, a, ask(ann, "get", "", "pods", "any", "p"), Allow), `RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to User "ann"`; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	expect(t, a, ask(authn.NewUser("dan", "devs"), "list", "", "pods", "", ""), Allow)
	expect(t, a, ask(ann, "delete", "", "pods", "any", "p"), NoOpinion)
	expect(t, a, ask(bob, "delete", "apps", "deployments", "team", "d"), Allow)
	expect(t, a, ask(bob, "delete", "apps", "deployments", "other", "d"), NoOpinion)
	expect(t, a, ask(bob, "list", "apps", "deployments", "", ""), NoOpinion)
	builder := authn.NewUser("system:serviceaccount:ci:builder")
	if got, want := expect(t, a, ask(builder, "update", "", "configmaps", "team", "c"), Allow), `RBAC: allowed by RoleBinding "builder/team" of Role "writer" to ServiceAccount "builder/ci"`; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	if got, want := expect(t, a, ask(authn.NewUser("carl"), "get", "", "pods", "team", "p"), NoOpinion), `RBAC: role.rbac.authorization.k8s.io "nowhere" not found`; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
}

func TestRBACSeesNewGrantsAtOnce(t *testing.T) {
	s := fakeStorage{}
	a, ann := NewRBAC(s), authn.NewUser("ann")
	get := ask(ann, "get", "", "pods", "x", "p")
	expect(t, a, get, NoOpinion)
	s.put(rbac.ClusterRole, clusterRole("reader", rule("", "pods", "get")))
	s.put(rbac.ClusterRoleBinding, clusterBinding("readers", "reader", user("ann")))
	expect(t, a, get, Allow)
	lists := s[rbac.ClusterRole].lists
	expect(t, a, get, Allow)
	if s[rbac.ClusterRole].lists != lists {
		t.Error("a grant that is known read the roles again")
	}
}

func TestRBACFollowsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeStorage{}
		a, ann := NewRBAC(s), authn.NewUser("ann")
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		synctest.Wait()

		get := ask(ann, "get", "", "pods", "x", "p")
		s.put(rbac.ClusterRole, clusterRole("reader", rule("", "pods", "get")))
		binding := clusterBinding("readers", "reader", user("ann"))
		s.put(rbac.ClusterRoleBinding, binding)
		expect(t, a, get, Allow)

		s.put(rbac.ClusterRole, clusterRole("reader", rule("", "secrets", "get")))
		synctest.Wait()
		expect(t, a, get, NoOpinion)
		s.put(rbac.ClusterRole, clusterRole("reader", rule("", "pods", "get")))
		expect(t, a, get, Allow)
		s[rbac.ClusterRoleBinding].remove(binding)
		synctest.Wait()
		expect(t, a, get, NoOpinion)

		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestEscalation(t *testing.T) {
	s := fakeStorage{}
	s.put(rbac.ClusterRole, clusterRole("reader", rule("", "pods services", "get list")), clusterRole("all", rule("*", "*", "*")))
	s.put(rbac.ClusterRoleBinding, clusterBinding("readers", "reader", user("ann")), clusterBinding("root", "all", user("root")))
	a := NewRBAC(s)
	for _, c := range []struct {
		who  string
		rule rbacv1.PolicyRule
		want string
	}{
		{"ann", rule("", "pods", "get"), ""},
		{"ann", rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}, ResourceNames: []string{"x"}}, ""},
		{"ann", rule("", "pods", "get delete watch"), `{APIGroups:[""], Resources:["pods"], Verbs:["delete" "watch"]}`},
		{"ann", rule("*", "pods", "get"), `{APIGroups:["*"], Resources:["pods"], Verbs:["get"]}`},
		{"root", rule("*", "*", "*"), ""},
		{"root", rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"/x"}}, `{NonResourceURLs:["/x"], Verbs:["get"]}`},
	} {
		err := a.ConfirmNoEscalation(t.Context(), &authn.User{Name: c.who, Groups: []string{"g"}}, "", []rbacv1.PolicyRule{c.rule})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s grants %s: %v", c.who, compact(&c.rule), err)
		case c.want != "":
			want := `user "` + c.who + `" (groups=["g"]) is attempting to grant RBAC permissions not currently held:` + "\n" + c.want
			if err == nil || err.Error() != want {
				t.Errorf("%s grants %s: %v, want %s", c.who, compact(&c.rule), err, want)
			}
		}
	}
}

func BenchmarkAuthorize(b *testing.B) {
	s := fakeStorage{}
	for _, name := range []string{"one", "two", "three"} {
		s.put(rbac.ClusterRole, clusterRole(name, rule("apps", "deployments replicasets", "get list watch"), rule("", "pods", "get list watch")))
		s.put(rbac.ClusterRoleBinding, clusterBinding(name, name, group("team-"+name)))
	}
	a := NewRBAC(s)
	attributes := ask(authn.NewUser("ann", "team-three"), "get", "", "pods", "x", "p")
	b.ReportAllocs()
	for b.Loop() {
		if d, _, _ := a.Authorize(b.Context(), attributes); d != Allow {
			b.Fatal(d)
		}
	}
}
