package admissionregistration

import (
	"fmt"
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

// repeated are the texts with the numbers from 1 to n.
func repeated(n int, text string) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(text, i+1))
	}
	return all
}

func TestRules(t *testing.T) {
	const good = "operations: [CREATE], apiGroups: [''], apiVersions: [v1], "
	for rule, want := range map[string][]string{
		good + "resources: [pods, pods/status, '*/scale'], scope: Namespaced": nil,
		"operations: ['*', CREATE, GET, ''], apiGroups: ['*', a], apiVersions: ['*', ''], resources: [''], scope: All": {
			`operations: Invalid value: ["*","CREATE","GET",""]: if '*' is present, must not specify other operations`,
			`operations[2]: Unsupported value: "GET": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"`, `operations[3]: Unsupported value: ""`,
			`apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other API groups`,
			`apiVersions: Invalid value: ["*",""]: if '*' is present, must not specify other API versions`, "apiVersions[1]: Required value",
			"resources[0]: Required value", `scope: Unsupported value: "All": supported values: "*", "Cluster", "Namespaced"`},
		"": {"operations: Required value", "apiGroups: Required value", "apiVersions: Required value", "resources: Required value"},
		good + "resources: [pods/*, pods/status, '*/scale', a/scale]": {
			`resources[1]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`, `resources[3]: Invalid value: "a/scale": if '*/scale' is present, must not specify a/scale`},
		good + "resources: ['*/*', pods]": {`resources: Invalid value: ["*/*","pods"]: if '*/*' is present, must not specify other resources`},
		good + "resources: ['*', pods]":   {`resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources`},
		good + "resources: [pods, '*']":   nil, // the last one counts
		good + "resources: ['*', a/b]":    nil,
		good + "resources: ['*/*']":       nil,
	} {
		below := func(p string) []string {
			var all []string
			for _, w := range want {
				all = append(all, p+w)
			}
			return all
		}
		apitest.Refused(t, ValidatingWebhookConfiguration, hooks(hook("rules: [{"+rule+"}]")), below("webhooks[0].rules[0].")...)
		apitest.Refused(t, ValidatingAdmissionPolicyBinding, "{metadata: {name: b}, spec: {policyName: p, validationActions: [Deny], matchResources: {excludeResourceRules: [{"+rule+"}]}}}",
			below("spec.matchResources.excludeResourceRules[0].")...)
	}
}

// Names that an API server reads from files are not given to others.
func TestReservedNames(t *testing.T) {
	objects := map[*api.Resource]string{
		ValidatingWebhookConfiguration: "webhooks: []", MutatingWebhookConfiguration: "webhooks: []",
		ValidatingAdmissionPolicy:        "spec: {" + matched + ", validations: [{expression: 'true'}]}",
		MutatingAdmissionPolicy:          "spec: {" + matched + ", reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]}",
		ValidatingAdmissionPolicyBinding: "spec: {policyName: p, validationActions: [Deny]}", MutatingAdmissionPolicyBinding: "spec: {policyName: p}",
	}
	for r, rest := range objects {
		t.Run(r.Kind, func(t *testing.T) {
			text := "{metadata: {name: x.static.k8s.io}, " + rest + "}"
			apitest.Refused(t, r, text, `metadata.name: Invalid value: "x.static.k8s.io": names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API`)
			apitest.Updated(t, r, text, text)
			apitest.UpdateWarned(t, r, text, text, `metadata.name: names ending with ".static.k8s.io" will be reserved for static manifest-based configurations when the ManifestBasedAdmissionControlConfig feature gate is enabled`)
			apitest.UpdateWarned(t, r, "{metadata: {name: x}, "+rest+"}", "{metadata: {name: x}, "+rest+"}")
		})
	}
}
