package builtin_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"
)

// Nobody grants what they do not hold, however they go about it.
func TestEscalation(t *testing.T) {
	c := start(t)
	admin, ann := c.admin(t), client(t, c.config(t, "ann"))
	send := func(as kubernetes.Interface, verb, resource, body string) error {
		rest, namespaced := as.RbacV1().RESTClient(), resource == "rolebindings"
		if verb == "PATCH" {
			name, patch, _ := strings.Cut(body, " ")
			return rest.Patch("application/merge-patch+json").NamespaceIfScoped("default", namespaced).
				Resource(resource).Name(name).Body(toJSON(t, patch)).Do(t.Context()).Error()
		}
		return rest.Post().NamespaceIfScoped("default", namespaced).Resource(resource).Body(toJSON(t, body)).Do(t.Context()).Error()
	}
	const (
		cluster = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: `
		binding = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: `
		secrets = `rules: [{verbs: [get], apiGroups: [""], resources: [secrets]}]`
		pods    = `rules: [{verbs: [get], apiGroups: [""], resources: [pods]}]`
		to      = `roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: `
	)
	for _, o := range []struct{ resource, body string }{
		{"clusterroles", cluster + `granter}, rules: [{verbs: [get], apiGroups: [""], resources: [pods]}, {verbs: [create, get, update, patch], apiGroups: [rbac.authorization.k8s.io], resources: ["*"]}]}`},
		{"clusterrolebindings", `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: granter}, ` + to + `granter}, subjects: [{kind: User, name: ann}]}`},
		{"clusterroles", cluster + `big}, ` + secrets + `}`},
		{"clusterroles", cluster + `gathered}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {no: body}}]}}`},
		{"rolebindings", binding + `big}, ` + to + `big}}`},
	} {
		if err := send(admin, "POST", o.resource, o.body); err != nil {
			t.Fatal(err)
		}
	}
	const aggregated = "must have cluster-admin privileges to use the aggregationRule"
	const lacking = `user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:` + "\n" + `{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`
	forbidden := func(resource, name, why string) string {
		return resource + `.rbac.authorization.k8s.io "` + name + `" is forbidden: ` + why
	}
	for _, c := range []struct{ verb, resource, body, want string }{
		{"POST", "clusterroles", cluster + `small}, ` + pods + `}`, ""},
		{"POST", "clusterroles", cluster + `bad}, rules: [{verbs: [get], apiGroups: [""], resources: [secrets]}, {}]}`, forbidden("clusterroles", "bad", lacking)},
		{"POST", "clusterroles", cluster + `bad}, rules: [{apiGroups: [""], resources: [pods]}]}`, `ClusterRole.rbac.authorization.k8s.io "bad" is invalid: rules[0].verbs: Required value`},
		{"POST", "clusterroles", cluster + `all}, aggregationRule: {}}`, forbidden("clusterroles", "all", aggregated)},
		{"PATCH", "clusterroles", `small {` + secrets + `}`, forbidden("clusterroles", "small", lacking)},
		{"PATCH", "clusterroles", `small {metadata: {labels: {a: b}}}`, ""},
		{"PATCH", "clusterroles", `big {metadata: {labels: {a: b}}}`, forbidden("clusterroles", "big", lacking)},
		{"PATCH", "clusterroles", `big {metadata: {finalizers: [a/b]}}`, ""},
		{"PATCH", "clusterroles", `big {metadata: {ownerReferences: [{apiVersion: v1, kind: Node, name: x, uid: u}]}}`, ""},
		{"PATCH", "clusterroles", `gathered {aggregationRule: null}`, forbidden("clusterroles", "gathered", aggregated)},
		{"POST", "rolebindings", binding + `b}, ` + to + `small}}`, ""},
		{"POST", "rolebindings", binding + `c}, ` + to + `big}, subjects: [{kind: Robot}]}`, forbidden("rolebindings", "c", lacking)},
		{"POST", "rolebindings", binding + `c}, ` + to + `none}}`, `clusterroles.rbac.authorization.k8s.io "none" not found`},
		{"POST", "rolebindings", binding + `c}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Robot, name: r}}`, `RoleBinding.rbac.authorization.k8s.io "c" is invalid: roleRef.kind: Unsupported value: "Robot": supported values: "Role", "ClusterRole"`},
		{"PATCH", "rolebindings", `big {metadata: {labels: {a: b}}}`, forbidden("rolebindings", "big", lacking)},
		{"PATCH", "rolebindings", `big {metadata: {finalizers: [a/b]}}`, ""},
	} {
		err := send(ann, c.verb, c.resource, c.body)
		if got := errorText(err); got != c.want {
			t.Errorf("%s %s %s:\n%s\nwant\n%s", c.verb, c.resource, c.body, got, c.want)
		}
	}
	if _, err := admin.RbacV1().ClusterRoles().Get(t.Context(), "bad", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the role that was refused: %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func toJSON(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
