package rbac

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestRoles(t *testing.T) {
	apitest.Refused(t, Role, `{metadata: {name: "system:node/x", namespace: ns}, rules: [{}, {verbs: [get], nonResourceURLs: [/healthz]}]}`,
		`metadata.name: Invalid value: "system:node/x": may not contain '/'`,
		"rules[0].apiGroups: Required value: resource rules must supply at least one api group",
		"rules[0].resources: Required value: resource rules must supply at least one resource",
		`rules[1].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs`,
		"rules[0].verbs: Required value")
	apitest.Refused(t, ClusterRole, `{metadata: {name: "system:x"}, rules: [{verbs: [get], nonResourceURLs: [/healthz]}]}`)
	apitest.Refused(t, ClusterRole, `{metadata: {name: x}, aggregationRule: {}, rules: [{nonResourceURLs: [/healthz], resources: [pods]}, {verbs: [get], nonResourceURLs: [/x], apiGroups: [a]}, {verbs: [get], nonResourceURLs: [/x], resourceNames: [a]}]}`,
		`rules[0].nonResourceURLs: Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs`,
		`rules[1].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both`, `rules[2].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both`,
		"aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
		"rules[0].verbs: Required value")
	apitest.Refused(t, ClusterRole, `{metadata: {name: x}, aggregationRule: {clusterRoleSelectors: [{matchExpressions: [{key: k, operator: Near}]}]}}`,
		`aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator`)
	apitest.Refused(t, Role, `{metadata: {name: x, namespace: ns}, rules: [{verbs: [get], apiGroups: [""], resources: [pods, secrets], resourceNames: [a]}]}`)
	apitest.Row(t, Role, `{metadata: {name: r, creationTimestamp: "2000-01-01T00:00:00Z"}}`, "r | 2000-01-01T00:00:00Z")
}

func TestBindings(t *testing.T) {
	apitest.Same(t, apitest.Created(t, RoleBinding, `{metadata: {name: b}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: u}, {kind: ServiceAccount, name: s}]}`),
		`{metadata: {name: b}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r},
		  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: u}, {kind: ServiceAccount, name: s}]}`)
	apitest.Refused(t, ClusterRoleBinding, `{metadata: {name: b}, roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: s}, {kind: Robot, name: x}, {kind: User}]}`,
		`roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"`,
		"subjects[0].namespace: Required value",
		`subjects[1].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"`,
		`subjects[2].name: Invalid value: "": user name cannot be empty`, "subjects[2].name: Required value")
	apitest.Refused(t, RoleBinding, `{metadata: {name: b, namespace: ns}, roleRef: {apiGroup: apps, kind: Pod},
		subjects: [{kind: ServiceAccount, name: A_B, apiGroup: apps}, {kind: Group, apiGroup: apps}]}`,
		`roleRef.apiGroup: Unsupported value: "apps": supported values: "rbac.authorization.k8s.io"`,
		`roleRef.kind: Unsupported value: "Pod": supported values: "Role", "ClusterRole"`,
		`subjects[0].name: Invalid value: "A_B": a lowercase RFC 1123 subdomain`,
		`subjects[0].apiGroup: Unsupported value: "apps": supported values: ""`,
		`subjects[1].name: Invalid value: "": group name cannot be empty`,
		`subjects[1].apiGroup: Unsupported value: "apps": supported values: "rbac.authorization.k8s.io"`,
		"subjects[1].name: Required value", "roleRef.name: Required value")
	apitest.Refused(t, RoleBinding, `{metadata: {name: b, namespace: ns}, roleRef: {name: a/b}, subjects: [{kind: ServiceAccount}]}`,
		`roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"`, `roleRef.name: Invalid value: "a/b": may not contain '/'`, "subjects[0].name: Required value")
	apitest.Updated(t, ClusterRoleBinding, `{metadata: {name: b}, roleRef: {kind: ClusterRole, name: r}}`, `{metadata: {name: b}, roleRef: {kind: ClusterRole, name: s}}`,
		`roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"s"}: cannot change roleRef`)
	apitest.Updated(t, RoleBinding, `{metadata: {name: b, namespace: ns}, roleRef: {kind: Role, name: r}}`, `{metadata: {name: b, namespace: ns}, roleRef: {kind: Role, name: s}}`,
		`roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"s"}: cannot change roleRef`)
	apitest.Row(t, RoleBinding, `{metadata: {name: b}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: u}, {kind: User, name: v}, {kind: Group, name: g}, {kind: ServiceAccount, namespace: ns, name: s}]}`,
		"b | Role/r | <unknown> | u, v | g | ns/s")
}
