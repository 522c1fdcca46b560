package admissionregistration

import (
	"strings"
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

const matched = "matchConstraints: {resourceRules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]}"

func TestPolicy(t *testing.T) {
	const rule, filled = "resourceRules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}]",
		`{failurePolicy: Fail, matchConstraints: {matchPolicy: Equivalent, namespaceSelector: {}, objectSelector: {}, resourceRules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments], scope: "*"}]}`
	apitest.Same(t, apitest.Created(t, ValidatingAdmissionPolicy, `{metadata: {name: p}, spec: {matchConstraints: {`+rule+`}}, status: {observedGeneration: 3}}`), `{metadata: {name: p}, spec: `+filled+`}, status: {}}`)
	apitest.Same(t, apitest.Created(t, MutatingAdmissionPolicy, `{metadata: {name: p}, spec: {matchConstraints: {`+rule+`}}}`), `{metadata: {name: p}, spec: `+filled+`}}`)
}

func TestPolicyTable(t *testing.T) {
	apitest.Row(t, ValidatingAdmissionPolicy, `{metadata: {name: p}, spec: {paramKind: {apiVersion: g/v1, kind: K}, validations: [{}]}}`, "p | 1 | g/v1/K | <unknown>")
	apitest.Row(t, MutatingAdmissionPolicy, `{metadata: {name: p}, spec: {mutations: [{}, {}]}}`, "p | 2 | <unset> | <unknown>")
	apitest.Described(t, ValidatingAdmissionPolicy, "Name string, Validations integer, ParamKind string, Age string")
	apitest.Described(t, MutatingAdmissionPolicy, "Name string, Mutations integer, ParamKind string, Age string")
}

// What both kinds of policy share.
func TestPolicyRules(t *testing.T) {
	for _, tt := range []struct {
		spec string
		want []string
	}{
		{matched + `, paramKind: {apiVersion: g.x/v1, kind: K}, matchConditions: [{name: a, expression: "params.x == object.x"}], variables: [{name: x, expression: "params.x"}, {name: z, expression: "variables.x + 1"}]`, nil},
		{"failurePolicy: Maybe, matchConstraints: {matchPolicy: Near, namespaceSelector: {matchLabels: {a b: c}}, objectSelector: {matchLabels: {d: e f}}}", []string{
			`spec.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"`, `spec.matchConstraints.matchPolicy: Unsupported value: "Near": supported values: "Equivalent", "Exact"`,
			"spec.matchConstraints.namespaceSelector.matchLabels: Invalid value", "spec.matchConstraints.objectSelector.matchLabels: Invalid value", "spec.matchConstraints.resourceRules: Required value"}},
		{"", []string{"spec.matchConstraints: Required value"}},
		{strings.Replace(matched, "{operations", "{resourceNames: [a, a/b, a], operations", 1), []string{
			`spec.matchConstraints.resourceRules[0].resourceNames[1]: Invalid value: "a/b": may not contain '/'`, `spec.matchConstraints.resourceRules[0].resourceNames[2]: Duplicate value: "a"`}},
		{matched + `, paramKind: {apiVersion: A/B, kind: K K}`, []string{`spec.paramKind.apiVersion: Invalid value: "A": `, `spec.paramKind.apiVersion: Invalid value: "B": `,
			`spec.paramKind.kind: Invalid value: "K K": may have mixed case, but should otherwise match: `}},
		{matched + `, paramKind: {apiVersion: a/b/c}`, []string{"spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c", "spec.paramKind.kind: Required value"}},
		{matched + `, paramKind: {apiVersion: a/, kind: K}`, []string{`spec.paramKind.apiVersion: Invalid value: "a/": version must be specified`}},
		{matched + `, paramKind: {kind: K}`, []string{`spec.paramKind.apiVersion: Required value`}},
		{matched + `, matchConditions: [{name: a, expression: "params.x"}, {name: a}]`, []string{
			"spec.matchConditions[0].expression: Invalid value: \"params.x\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.x\n | ^",
			"spec.matchConditions[1].expression: Required value", `spec.matchConditions[1].name: Duplicate value: "a"`}},
		{matched + `, variables: [{}, {name: if, expression: "1"}, {name: a-b, expression: " "}, {name: x, expression: "variables.later"}, {name: later, expression: "2"}]`, []string{
			"spec.variables[0].name: Required value: name is not specified", "spec.variables[0].expression: Required value: expression is not specified",
			`spec.variables[1].name: Invalid value: "if": must be a valid CEL identifier`, `spec.variables[2].name: Invalid value: "a-b": must be a valid CEL identifier`, "spec.variables[2].expression: Required value: expression is not specified",
			"spec.variables[3].expression: Invalid value: \"variables.later\": compilation failed: ERROR: <input>:1:10: undefined field 'later'\n | variables.later\n | .........^"}},
	} {
		apitest.Refused(t, ValidatingAdmissionPolicy, "{metadata: {name: p}, spec: {"+join(tt.spec, "validations: [{expression: 'true'}]")+"}}", tt.want...)
		apitest.Refused(t, MutatingAdmissionPolicy, "{metadata: {name: p}, spec: {"+join(tt.spec, "reinvocationPolicy: IfNeeded, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]")+"}}", tt.want...)
	}
}

func join(a, b string) string { return strings.TrimPrefix(a+", "+b, ", ") }

func TestValidations(t *testing.T) {
	for _, tt := range []struct {
		spec string // beside what must be matched
		want []string
	}{
		{`variables: [{name: replicas, expression: object.spec.replicas}], validations: [{expression: variables.replicas > 1, messageExpression: "'at least ' + string(object.spec.min)", reason: Invalid}]`, nil},
		{"", []string{"spec.validations: Required value: validations or auditAnnotations must contain at least one item", "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item"}},
		{`validations: [{}, {expression: "true", message: " ", messageExpression: " ", reason: Unauthorized}, {expression: "true", message: "a\nb"}]`, []string{
			"spec.validations[0].expression: Required value: expression is not specified",
			`spec.validations[1].messageExpression: Invalid value: " ": must be non-empty if specified`, `spec.validations[1].message: Invalid value: " ": must be non-empty if specified`,
			`spec.validations[1].reason: Unsupported value: "Unauthorized": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"`,
			`spec.validations[2].message: Invalid value: "a\nb": must not contain line breaks`}},
		{`validations: [{expression: " object.x"}, {expression: "1 +", messageExpression: "1"}, {expression: "true", messageExpression: "authorizer.path('x')"}]`, []string{
			// what a field holds is not known beforehand
			`spec.validations[0].expression: Invalid value: " object.x": must evaluate to bool but got dyn`,
			`spec.validations[1].expression: Invalid value: "1 +": compilation failed: ERROR: <input>:1:4: Syntax error`, `spec.validations[1].messageExpression: Invalid value: "1": must evaluate to string but got int`,
			`spec.validations[2].messageExpression: Invalid value: "authorizer.path('x')": compilation failed: ERROR: <input>:1:1: undeclared reference to 'authorizer'`}},
		{`validations: [{expression: "variables.x == 1"}]`, []string{`spec.validations[0].expression: Invalid value: "variables.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables'`}},
		{`auditAnnotations: [{key: a b}, {key: k, valueExpression: "object.x == 1 ? 'a' : null"}, {key: k, valueExpression: " 1 "}, {key: l, valueExpression: "'` + strings.Repeat("x", 5119) + `'"}]`, []string{
			`spec.auditAnnotations[0].key: Invalid value: "p/a b": `, "spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified",
			`spec.auditAnnotations[1].valueExpression: Invalid value: "object.x == 1 ? 'a' : null": compilation failed`,
			`spec.auditAnnotations[2].valueExpression: Invalid value: " 1 ": must evaluate to one of [string null_type] but got int`, `spec.auditAnnotations[2].key: Duplicate value: "k"`,
			"spec.auditAnnotations[3].valueExpression: Required value: must not exceed 5120 bytes in length"}},
		{`auditAnnotations: [` + strings.TrimSuffix(strings.Repeat("{key: k, valueExpression: 'null'}, ", 21), ", ") + `]`,
			append([]string{"spec.auditAnnotations: Invalid value: "}, repeated(20, "spec.auditAnnotations[%d].key: Duplicate value")...)},
	} {
		apitest.Refused(t, ValidatingAdmissionPolicy, "{metadata: {name: p}, spec: {"+strings.TrimSuffix(matched+", "+tt.spec, ", ")+"}}", tt.want...)
	}
}

func TestMutations(t *testing.T) {
	for _, tt := range []struct {
		spec string
		want []string
	}{
		{`reinvocationPolicy: Never, variables: [{name: r, expression: "3"}], mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{spec: Object.spec{replicas: variables.r}}"}},
			{patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: 'c'}]"}}]`, nil},
		{"", []string{"spec.mutations: Required value: mutations must contain at least one item", "spec.reinvocationPolicy: Required value"}},
		{"reinvocationPolicy: Once, mutations: [{}, {patchType: Merge}, {patchType: JSONPatch, applyConfiguration: {}}, {patchType: ApplyConfiguration, jsonPatch: {}}]", []string{
			"spec.mutations[0].patchType: Required value", `spec.mutations[1].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"`,
			"spec.mutations[2].jsonPatch: Required value: must be specified when patchType is JSONPatch", `spec.mutations[2].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch`,
			"spec.mutations[3].applyConfiguration: Required value: must be specified when patchType is ApplyConfiguration", `spec.mutations[3].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration`,
			`spec.reinvocationPolicy: Unsupported value: "Once": supported values: "IfNeeded", "Never"`}},
		{`reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: " "}}, {patchType: JSONPatch, jsonPatch: {expression: "[1]"}}, {patchType: ApplyConfiguration, applyConfiguration: {}},
			{patchType: ApplyConfiguration, applyConfiguration: {expression: " [] "}}, {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{x: params.y}"}}, {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{x: variables.y}"}}]`, []string{
			"spec.mutations[0].jsonPatch.expression: Required value", `spec.mutations[1].jsonPatch.expression: Invalid value: "[1]": must evaluate to list(JSONPatch) but got list(int)`,
			"spec.mutations[2].applyConfiguration.expression: Required value", `spec.mutations[3].applyConfiguration.expression: Invalid value: "[]": must evaluate to Object but got list(dyn)`,
			`spec.mutations[4].applyConfiguration.expression: Invalid value: "Object{x: params.y}": compilation failed`,
			`spec.mutations[5].applyConfiguration.expression: Invalid value: "Object{x: variables.y}": compilation failed: ERROR: <input>:1:20: undefined field 'y'`}},
	} {
		apitest.Refused(t, MutatingAdmissionPolicy, "{metadata: {name: p}, spec: {"+strings.TrimSuffix(matched+", "+tt.spec, ", ")+"}}", tt.want...)
	}
	apitest.Refused(t, MutatingAdmissionPolicy, "{metadata: {name: p}, spec: {"+strings.Replace(matched, "[CREATE]", "[DELETE, CONNECT]", 1)+", reinvocationPolicy: Never, mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[]'}}]}}",
		`spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"`,
		`spec.mutations[0].jsonPatch.expression: Invalid value: "[]": must evaluate to list(JSONPatch) but got list(dyn)`)
}

// Expressions that were stored are judged by what this version knows, others by
// what the one before knew; conditions that stay are not judged at all.
func TestPolicyUpdate(t *testing.T) {
	const future = "[1].includes(1)"
	for _, tt := range []struct {
		name, old, now string
		want           []string
	}{
		{"a condition that stays", `matchConditions: [{name: a, expression: nonsense}]`, `matchConditions: [{name: a, expression: nonsense}], failurePolicy: Ignore`, nil},
		{"parameters for it", `matchConditions: [{name: a, expression: nonsense}]`, `matchConditions: [{name: a, expression: nonsense}], paramKind: {apiVersion: v1, kind: ConfigMap}`, []string{"spec.matchConditions[0].expression: Invalid value"}},
		{"another name for it", `matchConditions: [{name: a, expression: nonsense}]`, `matchConditions: [{name: b, expression: nonsense}]`, []string{"spec.matchConditions[0].expression: Invalid value"}},
		{"a stored condition", `matchConditions: [{name: a, expression: "` + future + `"}]`, `matchConditions: [{name: b, expression: "` + future + `"}]`, nil},
		{"a new condition", "", `matchConditions: [{name: b, expression: "` + future + `"}]`, []string{"spec.matchConditions[0].expression: Invalid value"}},
		{"a stored variable", `variables: [{name: a, expression: "` + future + `"}]`, `variables: [{name: b, expression: "` + future + `"}]`, nil},
		{"a new variable", "", `variables: [{name: b, expression: "` + future + `"}]`, []string{"spec.variables[0].expression: Invalid value"}},
	} {
		for r, rest := range map[*api.Resource]string{
			ValidatingAdmissionPolicy: "validations: [{expression: 'true'}]", MutatingAdmissionPolicy: "reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]",
		} {
			t.Run(r.Kind+", "+tt.name, func(t *testing.T) {
				policy := func(more string) string {
					return "{metadata: {name: p}, spec: {" + matched + ", " + join(more, rest) + "}}"
				}
				apitest.Updated(t, r, policy(tt.old), policy(tt.now), tt.want...)
			})
		}
	}
	validating := `{metadata: {name: p}, spec: {` + matched + `, validations: [{expression: "` + future + `", messageExpression: "` + future + ` ? 'a' : 'b'"}], auditAnnotations: [{key: a, valueExpression: " ` + future + ` ? 'a' : 'b' "}]}}`
	apitest.Updated(t, ValidatingAdmissionPolicy, validating, strings.Replace(validating, "spec: {", "spec: {failurePolicy: Ignore, ", 1))
	apitest.Refused(t, ValidatingAdmissionPolicy, validating, "spec.validations[0].expression: Invalid value", "spec.validations[0].messageExpression: Invalid value", "spec.auditAnnotations[0].valueExpression: Invalid value")
	mutating := `{metadata: {name: p}, spec: {` + matched + `, reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{x: ` + future + `}"}},
		{patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'add', path: '/a', value: ` + future + `}]"}}]}}`
	apitest.Updated(t, MutatingAdmissionPolicy, mutating, strings.Replace(mutating, "spec: {", "spec: {failurePolicy: Ignore, ", 1))
	apitest.Refused(t, MutatingAdmissionPolicy, mutating, "spec.mutations[0].applyConfiguration.expression: Invalid value", "spec.mutations[1].jsonPatch.expression: Invalid value")
}

func TestPolicyStatus(t *testing.T) {
	const old = "{metadata: {name: p}, spec: {failurePolicy: Fail}}"
	o := apitest.PartUpdated(t, ValidatingAdmissionPolicy, "status", old, `{metadata: {name: p, labels: {a: b}}, spec: {failurePolicy: Ignore}, status: {observedGeneration: 3,
		typeChecking: {expressionWarnings: [{fieldRef: "spec.validations[0].expression", warning: w}, {}, {fieldRef: "spec[", warning: w}]}, conditions: [{type: a, status: Maybe}]}}`,
		"status.typeChecking.expressionWarnings[1].warning: Required value", "status.typeChecking.expressionWarnings[1].fieldRef: Required value",
		`status.typeChecking.expressionWarnings[2].fieldRef: Invalid value: "spec[": invalid JSONPath: unterminated array`,
		`status.conditions[0].status: Unsupported value: "Maybe"`, "status.conditions[0].lastTransitionTime: Required value", "status.conditions[0].reason: Required value")
	if len(o.GetLabels()) > 0 {
		t.Errorf("the status is written along with labels: %v", o.GetLabels())
	}
}
