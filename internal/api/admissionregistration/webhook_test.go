package admissionregistration

import (
	"strings"
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

// hook is a webhook that is right, with what more it has.
func hook(more string) string {
	if more != "" {
		more = ", " + more
	}
	return `{name: a.b.c, clientConfig: {url: "https://x"}, sideEffects: None, admissionReviewVersions: [v1]` + more + "}"
}

func hooks(all ...string) string {
	return "{metadata: {name: h}, webhooks: [" + strings.Join(all, ", ") + "]}"
}

func TestWebhookDefaults(t *testing.T) {
	const given, made = `{metadata: {name: m}, webhooks: [{name: a.b.c, clientConfig: {service: {name: s, namespace: ns}}, sideEffects: None, admissionReviewVersions: [v1],
	  rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}]}]}`, `{metadata: {name: m}, webhooks: [{name: a.b.c,
	  clientConfig: {service: {name: s, namespace: ns, port: 443}}, sideEffects: None, admissionReviewVersions: [v1], failurePolicy: Fail, matchPolicy: Equivalent,
	  namespaceSelector: {}, objectSelector: {}, timeoutSeconds: 10, reinvocationPolicy: Never,
	  rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods], scope: "*"}]}]}`
	apitest.Same(t, apitest.Created(t, MutatingWebhookConfiguration, given), made)
	apitest.Same(t, apitest.Created(t, ValidatingWebhookConfiguration, given), strings.Replace(made, "reinvocationPolicy: Never,", "", 1))
}

func TestWebhookRules(t *testing.T) {
	for _, tt := range []struct {
		hook string
		want []string // below the webhook
	}{
		{hook(`matchConditions: [{name: c, expression: "object.spec.x == 1 && authorizer.path('/a').check('get').allowed() && request.operation == 'CREATE'"}]`), nil},
		{`{name: short, timeoutSeconds: 31, rules: [{}], failurePolicy: Maybe, matchPolicy: "", namespaceSelector: {matchLabels: {a b: c}}, objectSelector: {matchLabels: {d: e f}}}`, []string{
			`name: Invalid value: "short": should be a domain with at least three segments separated by dots`,
			"rules[0].operations: Required value", "rules[0].apiGroups: Required value", "rules[0].apiVersions: Required value", "rules[0].resources: Required value",
			`failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"`, `matchPolicy: Unsupported value: "": supported values: "Equivalent", "Exact"`,
			"sideEffects: Required value: must specify one of None, NoneOnDryRun",
			"timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
			`namespaceSelector.matchLabels: Invalid value: "a b"`, `objectSelector.matchLabels: Invalid value: "e f"`,
			"clientConfig: Required value: exactly one of url or service is required",
			"admissionReviewVersions: Required value: must specify one of v1, v1beta1"}},
		{strings.Replace(hook("timeoutSeconds: 0"), "sideEffects: None", "sideEffects: Some", 1), []string{
			`sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"`, "timeoutSeconds: Invalid value: 0"}},
		{strings.Replace(hook(""), "[v1]", "[v2, v2, 'V 3']", 1), []string{
			`admissionReviewVersions[1]: Invalid value: "v2": duplicate version`, `admissionReviewVersions[2]: Invalid value: "V 3": a DNS-1035 label`,
			`admissionReviewVersions: Invalid value: ["v2","v2","V 3"]: must include at least one of v1, v1beta1`}},
		{strings.Replace(hook(""), "https://x", "http://u:p@/x?q#f", 1), []string{
			`clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
			`clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]`, `clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL`,
			`clientConfig.url: Invalid value: "f": fragments are not permitted in the URL`, `clientConfig.url: Invalid value: "q": query parameters are not permitted in the URL`}},
		{strings.Replace(hook(""), `url: "https://x"`, `service: {name: s, path: "//", port: 70000}`, 1), []string{
			`clientConfig.service.name: Required value`, `clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive`,
			`clientConfig.service.path: Invalid value: "//": segment[0] may not be empty`}},
		{hook(`matchConditions: [{name: "a b", expression: "x +"}, {}, {name: c, expression: "1"}, {name: c, expression: " params.x "}, {name: d, expression: "variables.x"}]`), []string{
			"matchConditions[0].expression: Invalid value: \"x +\": compilation failed: ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {",
			`matchConditions[0].name: Invalid value: "a b": name part must consist of`,
			"matchConditions[1].expression: Required value", "matchConditions[1].name: Required value",
			`matchConditions[2].expression: Invalid value: "1": must evaluate to bool but got int`,
			"matchConditions[3].expression: Invalid value: \"params.x\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.x\n | ^",
			`matchConditions[3].name: Duplicate value: "c"`,
			"matchConditions[4].expression: Invalid value: \"variables.x\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables'"}},
		{hook("matchConditions: [" + strings.Repeat(`{name: c, expression: "true"}, `, 65)[:65*31-2] + "]"), append([]string{"matchConditions: Too many: 65: must have at most 64 items"},
			repeated(64, "matchConditions[%d].name: Duplicate value")...)},
	} {
		var want []string
		for _, w := range tt.want {
			want = append(want, "webhooks[0]."+w)
		}
		for _, r := range []*api.Resource{ValidatingWebhookConfiguration, MutatingWebhookConfiguration} {
			t.Run(r.Kind, func(t *testing.T) { apitest.Refused(t, r, hooks(tt.hook), want...) })
		}
	}
	apitest.Refused(t, MutatingWebhookConfiguration, hooks(hook("reinvocationPolicy: Always")), `webhooks[0].reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"`)
}

// Within a configuration names differ; errors of a webhook come before that.
func TestWebhookNames(t *testing.T) {
	for _, r := range []*api.Resource{ValidatingWebhookConfiguration, MutatingWebhookConfiguration} {
		apitest.Refused(t, r, hooks(hook(""), hook("timeoutSeconds: 0")), "webhooks[1].timeoutSeconds: Invalid value", `webhooks[1].name: Duplicate value: "a.b.c"`)
		apitest.Refused(t, r, hooks(strings.Replace(hook(""), "a.b.c", `""`, 1), strings.Replace(hook(""), "a.b.c", `""`, 1)), "webhooks[0].name: Required value", "webhooks[1].name: Required value")
	}
}

// What was wrong before a rule came may stay so.
func TestWebhookUpdate(t *testing.T) {
	const twice = `timeoutSeconds: 5`
	for _, tt := range []struct {
		name, old, now string
		want           []string
	}{
		{"side effects as before", hooks(strings.Replace(hook(""), "sideEffects: None", "sideEffects: Some", 1)), hooks(strings.Replace(hook(""), "sideEffects: None", "sideEffects: Unknown", 1)), nil},
		{"none of them", hooks(`{name: a.b.c, clientConfig: {url: "https://x"}, admissionReviewVersions: [v1]}`), hooks(`{name: a.b.c, clientConfig: {url: "https://x"}, admissionReviewVersions: [v1]}`),
			[]string{"webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun, Some, Unknown"}},
		{"new side effects", hooks(hook("")), hooks(strings.Replace(hook(""), "sideEffects: None", "sideEffects: Some", 1)), []string{`webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"`}},
		{"an unknown version as before", hooks(strings.Replace(hook(""), "[v1]", "[v7]", 1)), hooks(strings.Replace(hook(""), "[v1]", "[v8]", 1)), nil},
		{"a new one", hooks(hook("")), hooks(strings.Replace(hook(""), "[v1]", "[v7]", 1)), []string{"webhooks[0].admissionReviewVersions: Invalid value"}},
		{"a name twice as before", hooks(hook(""), hook("")), hooks(hook(twice), hook("")), nil},
		{"now", hooks(hook("")), hooks(hook(""), hook("")), []string{"webhooks[1].name: Duplicate value"}},
		{"a label as before", hooks(hook("objectSelector: {matchExpressions: [{key: a, operator: In, values: [b c]}]}")), hooks(hook("namespaceSelector: {matchExpressions: [{key: a, operator: In, values: [d e]}]}")), nil},
		{"a new one", hooks(hook("")), hooks(hook("objectSelector: {matchExpressions: [{key: a, operator: In, values: [b c]}]}")), []string{"webhooks[0].objectSelector.matchExpressions[0].values[0]: Invalid value"}},
		{"conditions as before", hooks(hook(`matchConditions: [{name: c, expression: "nonsense"}]`)), hooks(hook(`timeoutSeconds: 3, matchConditions: [{name: c, expression: "nonsense"}]`)), nil},
		{"others", hooks(hook(`matchConditions: [{name: c, expression: "nonsense"}]`)), hooks(hook(`matchConditions: [{name: d, expression: "nonsense"}]`)), []string{"webhooks[0].matchConditions[0].expression: Invalid value"}},
		{"of one webhook more", hooks(hook(`matchConditions: [{name: c, expression: "nonsense"}]`)), hooks(hook(`matchConditions: [{name: c, expression: "nonsense"}]`), strings.Replace(hook(""), "a.b.c", "d.e.f", 1)), []string{"webhooks[0].matchConditions[0].expression: Invalid value"}},
		{"of one less", hooks(hook(`matchConditions: [{name: c, expression: "nonsense"}]`), hook("")), hooks(hook(`matchConditions: [{name: c, expression: "nonsense"}]`)), []string{"webhooks[0].matchConditions[0].expression: Invalid value"}},
		{"an expression that only this version knows", hooks(hook(`matchConditions: [{name: c, expression: "[1].includes(1)"}]`)), hooks(hook(`matchConditions: [{name: d, expression: "[1].includes(1)"}]`)), nil},
		{"a new one", hooks(hook("")), hooks(hook(`matchConditions: [{name: d, expression: "[1].includes(1)"}]`)), []string{"webhooks[0].matchConditions[0].expression: Invalid value: \"[1].includes(1)\": compilation failed"}},
	} {
		for _, r := range []*api.Resource{ValidatingWebhookConfiguration, MutatingWebhookConfiguration} {
			t.Run(r.Kind+", "+tt.name, func(t *testing.T) { apitest.Updated(t, r, tt.old, tt.now, tt.want...) })
		}
	}
}

func TestWebhookWarnings(t *testing.T) {
	rules := func(groups, resources string) string {
		return hooks(hook("rules: [{operations: [CREATE], apiGroups: [apps], apiVersions: [v1], resources: [deployments]}, {operations: [CREATE], apiGroups: [" + groups + "], apiVersions: [v1], resources: [" + resources + "]}]"))
	}
	const none = " is excluded from admission webhooks; this rule will have no effect"
	for _, r := range []*api.Resource{ValidatingWebhookConfiguration, MutatingWebhookConfiguration} {
		apitest.Warned(t, r, rules("authentication.k8s.io, authorization.k8s.io", "tokenreviews, subjectaccessreviews, tokenreviews"),
			"webhooks[0].rules[1]: tokenreviews.authentication.k8s.io"+none, "webhooks[0].rules[1]: subjectaccessreviews.authorization.k8s.io"+none)
		apitest.Warned(t, r, rules("'*'", "tokenreviews"))
		apitest.Warned(t, r, rules("authentication.k8s.io", "'*', tokenreviews"))
		apitest.UpdateWarned(t, r, hooks(hook("")), rules("authentication.k8s.io", "selfsubjectreviews"), "webhooks[0].rules[1]: selfsubjectreviews.authentication.k8s.io"+none)
	}
}

func TestWebhookTable(t *testing.T) {
	apitest.Row(t, ValidatingWebhookConfiguration, `{metadata: {name: v}, webhooks: [{}]}`, "v | 1 | <unknown>")
	apitest.Row(t, MutatingWebhookConfiguration, `{metadata: {name: m}, webhooks: [{}, {}]}`, "m | 2 | <unknown>")
	apitest.Described(t, ValidatingWebhookConfiguration, "Name string, Webhooks integer, Age string")
	apitest.Described(t, MutatingWebhookConfiguration, "Name string, Webhooks integer, Age string")
}
