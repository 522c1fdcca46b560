package admissionregistration

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestPolicy(t *testing.T) {
	apitest.Same(t, apitest.Created(t, ValidatingAdmissionPolicy, `{metadata: {name: p}, spec: {matchConstraints: {resourceRules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]}}}`),
		`{metadata: {name: p}, spec: {failurePolicy: Fail, matchConstraints: {matchPolicy: Equivalent, namespaceSelector: {}, objectSelector: {},
		  resourceRules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments], scope: "*"}]}}, status: {}}`)
	apitest.Row(t, ValidatingAdmissionPolicy, `{metadata: {name: p}, spec: {paramKind: {apiVersion: g/v1, kind: K}, validations: [{}]}}`, "p | 1 | g/v1/K | <unknown>")
	apitest.Row(t, MutatingAdmissionPolicyBinding, `{metadata: {name: b}, spec: {policyName: p, paramRef: {name: x, namespace: ns}}}`, "b | p | ns/x | <unknown>")
}
