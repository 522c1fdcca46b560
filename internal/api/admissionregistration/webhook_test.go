package admissionregistration

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestWebhookDefaults(t *testing.T) {
	apitest.Same(t, apitest.Created(t, MutatingWebhookConfiguration, `{metadata: {name: m}, webhooks: [{name: a.b.c, clientConfig: {service: {name: s, namespace: ns}}, sideEffects: None, admissionReviewVersions: [v1],
	  rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods]}]}]}`), `
metadata: {name: m}
webhooks:
- name: a.b.c
  clientConfig: {service: {name: s, namespace: ns, port: 443}}
  sideEffects: None
  admissionReviewVersions: [v1]
  failurePolicy: Fail
  matchPolicy: Equivalent
  namespaceSelector: {}
  objectSelector: {}
  timeoutSeconds: 10
  reinvocationPolicy: Never
  rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods], scope: "*"}]
`)
}

func TestWebhookValidation(t *testing.T) {
	apitest.Refused(t, ValidatingWebhookConfiguration, `{metadata: {name: v}, webhooks: [
	  {name: short, clientConfig: {url: "http://x"}, timeoutSeconds: 31, admissionReviewVersions: [v2], rules: [{apiGroups: ["*", a], apiVersions: [], resources: [pods]}]}]}`,
		`webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots`,
		"webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
		"webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
		`webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1`,
		"webhooks[0].rules[0].operations: Required value",
		`webhooks[0].rules[0].apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other values`,
		"webhooks[0].rules[0].apiVersions: Required value",
		`webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`)
	apitest.Row(t, ValidatingWebhookConfiguration, `{metadata: {name: v}, webhooks: [{}]}`, "v | 1 | <unknown>")
}
