package apiextensions

import (
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

// The rules are published ones. What they say to clients is held here: where
// errors stand, how they read, and that each part of a definition is judged.

func TestDefinitionIsRefused(t *testing.T) {
	apitest.Refused(t, CustomResourceDefinition, `{metadata: {name: boats}, spec: {group: example, scope: World, names: {plural: Boats, kind: bo at, listKind: bo at, shortNames: [B], categories: [A]},
		versions: [{name: V1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}, {name: V1, served: true, storage: true, deprecationWarning: old}]}}`,
		`metadata.name: Invalid value: "boats": must be spec.names.plural+"."+spec.group`,
		`spec.group: Invalid value: "example": should be a domain with at least one dot`,
		`spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"`,
		`spec.versions[1].schema.openAPIV3Schema: Required value`,
		`spec.versions[0].name: Invalid value: "V1": a DNS-1035 label`,
		`spec.versions[1].name: Invalid value: "V1": a DNS-1035 label`,
		`spec.versions[1].deprecationWarning: Invalid value: "old": can only be set for deprecated versions`,
		`spec.versions: Invalid value: [`+"{", // all versions follow
		`spec.versions: Invalid value: [`+"{",
		`spec.version: Invalid value: "V1": a DNS-1035 label`,
		`spec.names.plural: Invalid value: "Boats"`,
		`spec.names.singular: Invalid value: "bo at"`,
		`spec.names.kind: Invalid value: "bo at": may have mixed case, but should otherwise match: a DNS-1035`,
		`spec.names.listKind: Invalid value: "bo at": may have mixed case`,
		`spec.names.shortNames[0]: Invalid value: "B"`,
		`spec.names.listKind: Invalid value: "bo at": kind and listKind may not be the same`,
		`spec.names.categories[0]: Invalid value: "A"`,
		`status.storedVersions: Invalid value: ["V1"]: must have the storage version V1`)
	apitest.Refused(t, CustomResourceDefinition, `{metadata: {name: .}, spec: {preserveUnknownFields: true, conversion: {strategy: Webhook}}}`,
		`metadata.name: Invalid value: ".": a lowercase RFC 1123 subdomain`, "spec.group: Required value", "spec.scope: Required value",
		"spec.versions: Invalid value: null: must have exactly one version marked", "spec.names.plural: Required value", "spec.names.singular: Required value",
		"spec.names.kind: Required value", "spec.names.listKind: Required value", `spec.conversion.strategy: Invalid value: "Webhook": must be None if spec.preserveUnknownFields is true`,
		"spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook", "spec.conversion.conversionReviewVersions: Required value",
		"status.storedVersions: Invalid value: null: must have at least one stored version",
		"spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead")
	apitest.Refused(t, CustomResourceDefinition, strings.ReplaceAll(kind("{type: object}", ""), "example.com", "boats.k8s.io"),
		`metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation`)
	apitest.Refused(t, CustomResourceDefinition, strings.Replace(kind("{type: object}", ""), "metadata: {", "metadata: {annotations: {A b: c}, ", 1),
		`metadata.annotations: Invalid value: "A b"`)
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
		p + `.service.path: Invalid value: "a//b": must start with a '/'`,
		p + `.service.path: Invalid value: "a//b": segment[0] may not be empty`, p + `.service.path: Invalid value: "a//b": segment[1] may not be empty`}, versions...)...)
}

// One version: what is wrong with it stands above the versions.
func TestVersion(t *testing.T) {
	const p = "spec."
	apitest.Refused(t, CustomResourceDefinition, kind("{type: object, title: x, allOf: [{required: [a]}]}", ", subresources: {status: {}, scale: {specReplicasPath: .status.n, statusReplicasPath: x, labelSelectorPath: .l}}"),
		p+`validation.openAPIV3Schema: Invalid value: {`, // the whole schema follows
		p+`subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec`,
		p+`subresources.scale.statusReplicasPath: Invalid value: "x": must be a simple json path starting with .`,
		p+`subresources.scale.labelSelectorPath: Invalid value: ".l": should be a json path under either .spec or .status`)
	apitest.Refused(t, CustomResourceDefinition, kind("{type: object}", ", additionalPrinterColumns: [{type: text, format: f, jsonPath: spec}, {name: a}]"),
		p+"additionalPrinterColumns[0].name: Required value", p+`additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string`,
		p+`additionalPrinterColumns[0].format: Invalid value: "f": must be one of byte,`, p+`additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path`,
		p+"additionalPrinterColumns[1].type: Required value: must be one of", p+"additionalPrinterColumns[1].JSONPath: Required value")
	apitest.Refused(t, CustomResourceDefinition, kind("{type: object, properties: {a: {type: string}, o: {type: object}, l: {type: array, items: {type: string}}, metadata: {type: object, properties: {name: {type: string}}}}}",
		", selectableFields: [{jsonPath: .a}, {jsonPath: .a}, {jsonPath: .o}, {jsonPath: .x}, {jsonPath: .metadata.name}, {}, {jsonPath: '.l[0]'}]"),
		p+`selectableFields[1].jsonPath: Duplicate value: ".a"`, p+`selectableFields[2].jsonPath: Invalid value: ".o": must point to a field of type string, boolean or integer`,
		p+`selectableFields[3].jsonPath: Invalid value: ".x": is an invalid path: does not refer to a valid field`, p+`selectableFields[4].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata`,
		p+`selectableFields[5].jsonPath: Required value`, p+`selectableFields[6].jsonPath: Invalid value: ".l[0]": is an invalid path`)
}

// Versions that differ: what is wrong stands at each.
func TestVersions(t *testing.T) {
	two := strings.Replace(kind("{type: object}", ""), "versions: [", "versions: [{name: v2, served: true, storage: false, schema: {openAPIV3Schema: {type: array}}}, ", 1)
	apitest.Refused(t, CustomResourceDefinition, two, "spec.versions[0].schema.openAPIV3Schema.items: Required value: must be specified",
		`spec.versions[0].schema.openAPIV3Schema.type: Invalid value: "array": must be object at the root`)
}

const budget = " exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"

func TestSchema(t *testing.T) {
	tests := []struct {
		name, schema string
		want         []string // below the schema
	}{
		{"all that is allowed", `{type: object, required: [spec], properties: {apiVersion: {type: string}, metadata: {type: object, properties: {name: {type: string, maxLength: 3}}},
			spec: {type: object, x-kubernetes-map-type: granular, properties: {port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}, any: {x-kubernetes-preserve-unknown-fields: true},
				labels: {type: object, additionalProperties: {type: string}}, count: {type: integer, format: int32, default: 3, minimum: 1},
				list: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: object, required: [k], properties: {k: {type: string}}}},
				pod: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}}, oneOf: [{required: [count]}, {properties: {count: {maximum: 3}}}]}}}`, nil},
		{"no types", `{properties: {a: {}, l: {type: array, items: {}}, m: {type: object, additionalProperties: {}}}}`, []string{
			".properties[a].type: Required value: must not be empty for specified object fields",
			".properties[l].items.type: Required value: must not be empty for specified array items",
			".properties[m].additionalProperties.type: Required value: must not be empty for specified object fields",
			".type: Required value: must not be empty at the root"}},
		{"root", `{type: object, additionalProperties: true, nullable: true}`, []string{
			".nullable: Forbidden: nullable cannot be true at the root", ".additionalProperties: Forbidden: must not be used at the root"}},
		{"more than narrowing", `{type: object, anyOf: [{description: x, properties: {a: {type: string}}}], not: {items: {default: 1}}}`, []string{
			".anyOf[0].description: Forbidden: must be empty to be structural", ".anyOf[0].properties[a].type: Forbidden: must be empty to be structural",
			".items: Required value: because it is defined in spec.validation.openAPIV3Schema.not.items", ".not.items.default: Forbidden: must be undefined to be structural",
			".properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[a]"}},
		{"a reference", `{type: object, $ref: "#/x"}`, []string{".$ref: Forbidden: $ref is not supported"}},
		{"unique items", `{type: object, properties: {b: {type: array, items: {type: string}, uniqueItems: true}}}`, []string{".properties[b].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"}},
		{"null", `{type: object, properties: {a: {type: "null"}}}`, []string{
			`.properties[a].type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"`, ".properties[a].type: Forbidden: type cannot be set to null"}},
		{"metadata", `{type: object, properties: {metadata: {type: object, properties: {labels: {type: object}}}}}`, []string{".properties[metadata]: Forbidden: must not specify anything other than name and generateName"}},
		{"a set of objects", `{type: object, properties: {e: {type: array, x-kubernetes-list-type: set, items: {type: object, nullable: true}}}}`, []string{
			".properties[e].items.x-kubernetes-map-type: Invalid value: null: must be atomic", ".properties[e].items.nullable: Forbidden: cannot be nullable when"}},
		{"keys", `{type: object, properties: {c: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k, x], items: {type: object, properties: {k: {type: string}}}}}}`, []string{
			`.properties[c].x-kubernetes-list-map-keys: Invalid value: ["k","x"]: entries must all be names of item properties`, ".properties[c].items.properties[k].default: Required value"}},
		{"a pattern", `{type: object, properties: {a: {type: string, pattern: "("}}}`, []string{`.properties[a].pattern: Invalid value: "(": must be a valid regular expression`}},
		{"properties and more", `{type: object, properties: {b: {type: object, properties: {c: {type: string}}, additionalProperties: {type: string}}}}`, []string{".properties[b].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"}},

		{"a default with unknown fields", `{type: object, properties: {spec: {type: object, default: {x: 1}, properties: {count: {type: integer}}}}}`, []string{`.properties[spec].default: Invalid value: {"x":1}: must not have unknown fields`}},
		{"a default of another type", `{type: object, properties: {count: {type: integer, default: a}}}`, []string{`.properties[count].default: Invalid value: "string":  in body must be of type integer: "string"`}},
		{"a default out of range", `{type: object, properties: {count: {type: integer, default: 4, maximum: 3}}}`, []string{`.properties[count].default: Invalid value: 4:  in body should be less than or equal to 3`}},
		{"a default that lacks something", `{type: object, properties: {r: {type: object, default: {}, required: [a], properties: {a: {type: string}}}}}`, []string{".properties[r].default.a: Required value"}},
		{"a default against a rule", `{type: object, properties: {count: {type: integer, default: 2, x-kubernetes-validations: [{rule: self > 3, message: be more}]}}}`, []string{".properties[count].default: Invalid value: 2: be more"}},
		{"a default in metadata", `{type: object, properties: {metadata: {type: object, default: {}}}}`, []string{".properties[metadata].default: Forbidden: must not be set in top-level metadata"}},

		{"a rule", `{type: object, properties: {count: {type: integer}}, x-kubernetes-validations: [{rule: self.count > 3, reason: FieldValueForbidden, fieldPath: .count, messageExpression: "'not enough'"}]}`, nil},
		{"no rule", `{type: object, x-kubernetes-validations: [{rule: " "}]}`, []string{".x-kubernetes-validations[0].rule: Required value: rule is not specified"}},
		{"a rule of lines", `{type: object, x-kubernetes-validations: [{rule: "true\n"}, {rule: "a\nb"}]}`, []string{".x-kubernetes-validations[1].message: Required value: message must be specified if rule contains line breaks"}},
		{"a message of lines", `{type: object, x-kubernetes-validations: [{rule: "true", message: "a\nb"}]}`, []string{`.x-kubernetes-validations[0].message: Invalid value: "a\nb": must not contain line breaks`}},
		{"an unknown reason", `{type: object, x-kubernetes-validations: [{rule: "true", reason: Because}]}`, []string{
			`.x-kubernetes-validations[0].reason: Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`}},
		{"no such field", `{type: object, x-kubernetes-validations: [{rule: "true", fieldPath: .count}]}`, []string{`.x-kubernetes-validations[0].fieldPath: Invalid value: ".count": must be a valid path`}},
		{"a rule about no field", `{type: object, x-kubernetes-validations: [{rule: self.count > 3}]}`, []string{
			`.x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.count \u003e 3","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: ` +
				"compilation failed: ERROR: <input>:1:5: undefined field 'count'\n | self.count > 3\n | ....^"}},
		{"a rule that is no boolean", `{type: object, x-kubernetes-validations: [{rule: "1"}]}`, []string{`.x-kubernetes-validations[0].rule: Invalid value: {"Rule":"1",`}},
		{"a message that is no string", `{type: object, x-kubernetes-validations: [{rule: "true", messageExpression: "1"}]}`, []string{`.x-kubernetes-validations[0].messageExpression: Invalid value: {"Rule":"true",`}},
		{"no message", `{type: object, x-kubernetes-validations: [{rule: "true", messageExpression: " "}]}`, []string{".x-kubernetes-validations[0].messageExpression: Required value: messageExpression must be non-empty if specified"}},
		{"a transition", `{type: object, properties: {count: {type: integer}}, x-kubernetes-validations: [{rule: self.count >= oldSelf.count}, {rule: "!oldSelf.hasValue() || self.count > 1", optionalOldSelf: true}]}`, nil},
		{"no transition", `{type: object, x-kubernetes-validations: [{rule: "true", optionalOldSelf: true}]}`, []string{".x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"}},
		{"a transition of items", `{type: object, properties: {l: {type: array, maxItems: 3, items: {type: integer, x-kubernetes-validations: [{rule: self >= oldSelf}]}}}}`, []string{
			`.properties[l].items.x-kubernetes-validations[0].rule: Invalid value: "self >= oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[l]`}},
		{"a costly rule", `{type: object, properties: {l: {type: array, items: {type: string}, x-kubernetes-validations: [{rule: "self.all(x, self.all(y, x == y))"}]}}}`, []string{
			".properties[l].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost" + budget,
			".properties[l].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
			": Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema" + budget}},
		{"that is bounded", `{type: object, properties: {l: {type: array, maxItems: 9, items: {type: string, maxLength: 9}, x-kubernetes-validations: [{rule: "self.all(x, self.all(y, x == y))"}]}}}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			for _, w := range tt.want {
				want = append(want, "spec.validation.openAPIV3Schema"+w)
			}
			apitest.Refused(t, CustomResourceDefinition, kind(tt.schema, ""), want...)
		})
	}
}

// One rule may be cheap, and all together too much.
func TestCostOfAll(t *testing.T) {
	rule := `{rule: "self.all(x, x.all(y, y == 'a'))"}`
	rules := rule + strings.Repeat(", "+rule, 39)
	errs := CustomResourceDefinition.Validate(apitest.Created(t, CustomResourceDefinition,
		kind(`{type: object, properties: {l: {type: array, maxItems: 1000, items: {type: array, maxItems: 900, items: {type: string, maxLength: 3}}, x-kubernetes-validations: [`+rules+`]}}}`, "")))
	if n := len(errs); n != 5 || !strings.Contains(errs[0].Error(), "contributed to estimated rule cost total") || !strings.Contains(errs[n-1].Error(), "for entire OpenAPIv3 schema exceeds budget by factor of 1.") {
		t.Errorf("%d errors: %v", n, errs)
	}
}
