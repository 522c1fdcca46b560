package apiextensions

import (
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

// kind is a definition with a schema, and what more stands in its version.
func kind(schema, more string) string {
	return `{metadata: {name: boats.example.com}, spec: {group: example.com, scope: Namespaced, names: {plural: boats, kind: Boat},
		versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: ` + schema + `}` + more + `}]}}`
}

func TestDefaults(t *testing.T) {
	apitest.Refused(t, CustomResourceDefinition, kind("{type: object}", ""))
	o := apitest.Created(t, CustomResourceDefinition, strings.Replace(kind("{type: object}", ""), "spec: {", `spec: {conversion: {strategy: Webhook,
		webhook: {conversionReviewVersions: [v1], clientConfig: {service: {name: hook, namespace: ns}}}}, `, 1)).(*Object)
	apitest.Same(t, o, `{metadata: {name: boats.example.com}, spec: {group: example.com, scope: Namespaced,
		names: {plural: boats, singular: boat, kind: Boat, listKind: BoatList},
		conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {name: hook, namespace: ns, port: 443}}}},
		versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]},
		status: {acceptedNames: {kind: "", plural: ""}, storedVersions: [v1], conditions: [{type: Established, status: "False", lastTransitionTime: null,
			reason: NotServed, message: this API server stores the definition and does not serve custom resources yet}]}}`)
	o.Finalizers = []string{"example.com/mine", cleanup}
	if !CustomResourceDefinition.Deleting(o) || len(o.Finalizers) != 1 {
		t.Errorf("held by %v, of which nobody takes care", o.Finalizers)
	}
}

func TestDefinitionIsRefused(t *testing.T) {
	apitest.Refused(t, CustomResourceDefinition, `{metadata: {name: boats}, spec: {group: example, scope: World, names: {plural: Boats, kind: bo at, listKind: bo at, shortNames: [B], categories: [A]},
		versions: [{name: V1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}, {name: V1, served: true, storage: true, deprecationWarning: old}]}}`,
		`metadata.name: Invalid value: "boats": must be spec.names.plural+"."+spec.group`,
		`spec.group: Invalid value: "example": should be a domain with at least one dot`,
		`spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"`,
		`spec.versions[0].name: Invalid value: "V1": a DNS-1035 label`,
		`spec.versions[1].name: Invalid value: "V1": a DNS-1035 label`,
		`spec.versions[1].schema.openAPIV3Schema: Required value`,
		`spec.versions[1].deprecationWarning: Invalid value: "old": can only be set for deprecated versions`,
		`spec.versions: Invalid value: ["V1","V1"]: must contain unique version names`,
		`spec.versions: Invalid value: ["V1","V1"]: must have exactly one version marked as storage version`,
		`spec.names.plural: Invalid value: "Boats"`,
		`spec.names.singular: Invalid value: "bo at"`,
		`spec.names.kind: Invalid value: "bo at": may have mixed case, but should otherwise match: a DNS-1035`,
		`spec.names.listKind: Invalid value: "bo at": may have mixed case`,
		`spec.names.shortNames[0]: Invalid value: "B"`,
		`spec.names.listKind: Invalid value: "bo at": kind and listKind may not be the same`,
		`spec.names.categories[0]: Invalid value: "A"`,
		`status.storedVersions: Invalid value: ["V1"]: must have the storage version V1`)
	apitest.Refused(t, CustomResourceDefinition, `{metadata: {name: .}, spec: {preserveUnknownFields: true, conversion: {strategy: Webhook}}}`,
		"metadata.name: Invalid value: \".\"", "spec.group: Required value", "spec.scope: Required value",
		"spec.versions: Invalid value: []: must have exactly one version marked", "spec.names.plural: Required value", "spec.names.singular: Required value",
		"spec.names.kind: Required value", "spec.names.listKind: Required value", `spec.conversion.strategy: Invalid value: "Webhook": must be None if spec.preserveUnknownFields is true`,
		"spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook", "spec.conversion.conversionReviewVersions: Required value",
		"status.storedVersions: Invalid value: null: must have at least one stored version",
		"spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead")
	apitest.Refused(t, CustomResourceDefinition, strings.ReplaceAll(kind("{type: object}", ""), "example.com", "boats.k8s.io"),
		`metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation`)
}

func TestUpdate(t *testing.T) {
	old := kind("{type: object}", "")
	apitest.Updated(t, CustomResourceDefinition, old, strings.NewReplacer("plural: boats", "plural: ships", "group: example.com", "group: example.org").Replace(old),
		`metadata.name: Invalid value: "boats.example.com": must be spec.names.plural+"."+spec.group`,
		`spec.group: Invalid value: "example.org": field is immutable`, `spec.names.plural: Invalid value: "ships": field is immutable`)
	apitest.Updated(t, CustomResourceDefinition, old, strings.NewReplacer("Namespaced", "Cluster", "kind: Boat", "kind: Ship").Replace(old))
	apitest.Updated(t, CustomResourceDefinition, old, strings.ReplaceAll(old, "name: v1", "name: v2"),
		`status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version`)
	broken := kind("{}", "")
	apitest.Updated(t, CustomResourceDefinition, broken, broken) // what was accepted once
	apitest.Updated(t, CustomResourceDefinition, old, broken, `spec.versions[0].schema.openAPIV3Schema.type: Required value: must not be empty at the root`)

	was, now := apitest.Created(t, CustomResourceDefinition, old).(*Object), apitest.Created(t, CustomResourceDefinition, strings.NewReplacer("Namespaced", "Cluster", "kind: Boat", "kind: Ship").Replace(old)).(*Object)
	was.Status.Conditions[0].Status = "True"
	apitest.Errors(t, validateUpdate(now, was), `spec.scope: Invalid value: "Cluster": field is immutable`, `spec.names.kind: Invalid value: "Ship": field is immutable`)
	if now.Spec.Names.Plural == "ships" || !established(was) || established(now) {
		t.Error("a kind that nobody serves is established")
	}
}

func TestConversion(t *testing.T) {
	webhook := func(client string) string {
		return strings.Replace(kind("{type: object}", ""), "spec: {", `spec: {conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v7, v7], clientConfig: `+client+`}}, `, 1)
	}
	const p = "spec.conversion.webhookClientConfig"
	versions := []string{`spec.conversion.conversionReviewVersions[1]: Invalid value: "v7": duplicate version`,
		`spec.conversion.conversionReviewVersions: Invalid value: ["v7","v7"]: must include at least one of v1, v1beta1`}
	apitest.Refused(t, CustomResourceDefinition, webhook("{}"), append([]string{p + ": Required value: exactly one of url or service is required"}, versions...)...)
	apitest.Refused(t, CustomResourceDefinition, webhook("{url: 'http://u:p@h/x?q#f'}"), append([]string{
		p + `.url: Invalid value: "http": 'https' is the only allowed URL scheme`, p + `.url: Invalid value: "u:p": user information`,
		p + `.url: Invalid value: "f": fragments`, p + `.url: Invalid value: "q": query parameters`}, versions...)...)
	apitest.Refused(t, CustomResourceDefinition, webhook("{service: {path: 'a//b', port: 0}}"), append([]string{
		p + ".service.name: Required value", p + ".service.namespace: Required value", p + ".service.port: Invalid value: 0: port is not valid",
		p + `.service.path: Invalid value: "a//b": must start with a '/'`, p + `.service.path: Invalid value: "a//b": segment[1] may not be empty`}, versions...)...)
}

func TestTable(t *testing.T) {
	apitest.Row(t, CustomResourceDefinition, `{metadata: {name: boats.example.com, creationTimestamp: "2026-01-02T03:04:05Z"}, spec: {group: example.com, scope: Cluster, names: {kind: Boat, shortNames: [b, bo]},
		versions: [{name: v2, served: true}, {name: v1, served: true, storage: true}, {name: v0}]}, status: {conditions: [{type: Established, status: "True"}]}}`,
		"boats.example.com | Cluster | v1(storage),v2 | 2026-01-02T03:04:05Z | example.com | Boat | b,bo | true")
	apitest.Described(t, CustomResourceDefinition, "Name string, Scope string, Versions string, Created At date, Group string*, Kind string*, ShortNames string*, Established boolean*")
}
