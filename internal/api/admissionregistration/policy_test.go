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

const matched = "matchConstraints: {resourceRules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]}"

func TestPolicyRefused(t *testing.T) {
	for spec, want := range map[string][]string{
		matched + ", validations: [{expression: \"true\"}]": nil,
		"": {"spec.matchConstraints: Required value",
			"spec.validations: Required value: validations or auditAnnotations must contain at least one item",
			"spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item"},
		"failurePolicy: Maybe, matchConstraints: {}, validations: [{}]": {
			`spec.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"`,
			"spec.matchConstraints.resourceRules: Required value", "spec.validations[0].expression: Required value: expression is not specified"},
		matched + `, validations: [{expression: x, message: " ", messageExpression: " ", reason: Bad}, {expression: x, message: "a\nb"}]`: {
			`spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified`,
			`spec.validations[0].message: Invalid value: " ": message must be non-empty if specified`,
			`spec.validations[0].reason: Unsupported value: "Bad": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"`,
			`spec.validations[1].message: Invalid value: "a\nb": message must not contain line breaks`},
		matched + `, validations: [{expression: x}], paramKind: {apiVersion: A/v1}, matchConditions: [{name: a, expression: x}, {name: a}], variables: [{}, {name: if, expression: x}]`: {
			`spec.paramKind.apiVersion: Invalid value: "A": `, "spec.paramKind.kind: Required value",
			"spec.matchConditions[1].expression: Required value", `spec.matchConditions[1].name: Duplicate value: "a"`,
			"spec.variables[0].name: Required value: name is not specified", "spec.variables[0].expression: Required value: expression is not specified",
			`spec.variables[1].name: Invalid value: "if": name is not a valid CEL identifier`},
		matched + `, auditAnnotations: [{key: a b}, {key: k, valueExpression: x}, {key: k, valueExpression: x}]`: {
			`spec.auditAnnotations[0].key: Invalid value: "p/a b": `, "spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified",
			`spec.auditAnnotations[2].key: Duplicate value: "k"`},
	} {
		apitest.Refused(t, ValidatingAdmissionPolicy, "{metadata: {name: p}, spec: {"+spec+"}}", want...)
	}
	apitest.Refused(t, MutatingAdmissionPolicy, "{metadata: {name: p}, spec: {"+matched+"}}",
		"spec.mutations: Required value: mutations must contain at least one item")
	apitest.Refused(t, MutatingAdmissionPolicy, "{metadata: {name: p}, spec: {"+matched+", mutations: [{patchType: Merge}, {patchType: JSONPatch}]}}",
		`spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"`,
		"spec.mutations[1].jsonPatch: Required value: must be specified when patchType is JSONPatch")
}

func TestPolicyBindingRefused(t *testing.T) {
	apitest.Same(t, apitest.Created(t, MutatingAdmissionPolicyBinding, `{metadata: {name: b}, spec: {policyName: p, paramRef: {name: x}}}`),
		`{metadata: {name: b}, spec: {policyName: p, paramRef: {name: x, parameterNotFoundAction: Deny}}}`)
	for spec, want := range map[string][]string{
		"policyName: p, validationActions: [Deny, Audit]": nil,
		"": {"spec.policyName: Required value", "spec.validationActions: Required value: at least one validation action is required"},
		"policyName: p, validationActions: [Deny, Warn, Deny, Shout]": {
			`spec.validationActions[2]: Duplicate value: "Deny"`, `spec.validationActions[3]: Unsupported value: "Shout": supported values: "Audit", "Deny", "Warn"`,
			`spec.validationActions: Invalid value: ["Deny","Warn","Deny","Shout"]: must not contain both Deny and Warn`},
		"policyName: p, validationActions: [Deny], paramRef: {}": {"spec.paramRef: Required value: one of name or selector must be specified"},
		"policyName: p, validationActions: [Deny], paramRef: {name: x, selector: {}, parameterNotFoundAction: Ask}": {
			"spec.paramRef.name: Forbidden: name and selector are mutually exclusive", "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
			`spec.paramRef.parameterNotFoundAction: Unsupported value: "Ask": supported values: "Deny", "Allow"`},
	} {
		apitest.Refused(t, ValidatingAdmissionPolicyBinding, "{metadata: {name: b}, spec: {"+spec+"}}", want...)
	}
	apitest.Described(t, ValidatingAdmissionPolicy, "Name string, Validations integer, ParamKind string, Age string")
	apitest.Described(t, MutatingAdmissionPolicy, "Name string, Mutations integer, ParamKind string, Age string")
	apitest.Described(t, ValidatingAdmissionPolicyBinding, "Name string, PolicyName string, ParamRef string, Age string")
	apitest.Described(t, MutatingWebhookConfiguration, "Name string, Webhooks integer, Age string")
}
