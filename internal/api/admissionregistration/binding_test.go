package admissionregistration

import (
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

func TestBindingDefaults(t *testing.T) {
	for _, r := range []*api.Resource{ValidatingAdmissionPolicyBinding, MutatingAdmissionPolicyBinding} {
		apitest.Same(t, apitest.Created(t, r, `{metadata: {name: b}, spec: {policyName: p, paramRef: {name: x}, matchResources: {}}}`),
			`{metadata: {name: b}, spec: {policyName: p, paramRef: {name: x, parameterNotFoundAction: Deny}, matchResources: {matchPolicy: Equivalent, namespaceSelector: {}, objectSelector: {}}}}`)
	}
}

// What bindings of both kinds share.
func TestBindingRules(t *testing.T) {
	for _, tt := range []struct {
		spec string
		want []string
	}{
		{"policyName: p, matchResources: {}, paramRef: {selector: {}}", nil},
		{"", []string{"spec.policyName: Required value"}},
		{"policyName: '!', matchResources: {matchPolicy: Near}", []string{`spec.policyName: Invalid value: "!"`, `spec.matchResources.matchPolicy: Unsupported value: "Near"`}},
		{"policyName: p, paramRef: {}", []string{"spec.paramRef: Required value: one of name or selector must be specified"}},
		{"policyName: p, paramRef: {name: a/b}", []string{`spec.paramRef.name: Invalid value: "a/b": may not contain '/'`}},
		{"policyName: p, paramRef: {selector: {matchLabels: {a b: c}}, parameterNotFoundAction: ''}", []string{"spec.paramRef.selector.matchLabels: Invalid value", "spec.paramRef.parameterNotFoundAction: Required value"}},
		{"policyName: p, paramRef: {name: x, selector: {}, parameterNotFoundAction: Ask}", []string{
			"spec.paramRef.name: Forbidden: name and selector are mutually exclusive", "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
			`spec.paramRef.parameterNotFoundAction: Unsupported value: "Ask": supported values: "Deny", "Allow"`}},
	} {
		apitest.Refused(t, ValidatingAdmissionPolicyBinding, "{metadata: {name: b}, spec: {"+join(tt.spec, "validationActions: [Deny]")+"}}", tt.want...)
		apitest.Refused(t, MutatingAdmissionPolicyBinding, "{metadata: {name: b}, spec: {"+tt.spec+"}}", tt.want...)
		apitest.Updated(t, MutatingAdmissionPolicyBinding, "{metadata: {name: b}}", "{metadata: {name: b}, spec: {"+tt.spec+"}}", tt.want...)
	}
}

func TestActions(t *testing.T) {
	for actions, want := range map[string][]string{
		"[Deny, Audit]": nil,
		"[Warn, Audit]": nil,
		"[]":            {"spec.validationActions: Required value: at least one validation action is required"},
		"[Deny, Warn, Deny, Shout]": {
			`spec.validationActions[2]: Duplicate value: "Deny"`, `spec.validationActions[3]: Unsupported value: "Shout": supported values: "Audit", "Deny", "Warn"`,
			`spec.validationActions: Invalid value: ["Deny","Warn","Deny","Shout"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)`},
	} {
		apitest.Refused(t, ValidatingAdmissionPolicyBinding, "{metadata: {name: b}, spec: {policyName: p, validationActions: "+actions+"}}", want...)
	}
}

func TestBindingOfMutations(t *testing.T) {
	apitest.Refused(t, MutatingAdmissionPolicyBinding, "{metadata: {name: b}, spec: {policyName: p, matchResources: {resourceRules: [{operations: [CREATE, DELETE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]}}}",
		`spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"`)
}

func TestBindingTable(t *testing.T) {
	for _, r := range []*api.Resource{ValidatingAdmissionPolicyBinding, MutatingAdmissionPolicyBinding} {
		apitest.Described(t, r, "Name string, PolicyName string, ParamRef string, Age string")
		for ref, want := range map[string]string{
			"": "<unset>", "paramRef: {name: x, namespace: ns}": "ns/x", "paramRef: {name: x}": "*/x", "paramRef: {namespace: ns}": "<unset>",
			"paramRef: {selector: {matchLabels: {a: b}}}": "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}",
		} {
			apitest.Row(t, r, "{metadata: {name: b}, spec: {"+join("policyName: p", ref)+"}}", "b | p | "+want+" | <unknown>")
		}
	}
}
