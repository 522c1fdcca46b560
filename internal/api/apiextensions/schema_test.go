package apiextensions

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/randfill"

	"skiff/internal/api/apitest"
)

func TestStructuralSchema(t *testing.T) {
	tests := []struct {
		name, schema string
		want         []string // below the schema
	}{
		{"all that is allowed", `{type: object, required: [spec], properties: {apiVersion: {type: string}, metadata: {type: object, properties: {name: {type: string, maxLength: 3}}},
			spec: {type: object, x-kubernetes-map-type: granular, properties: {port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}, any: {x-kubernetes-preserve-unknown-fields: true},
				labels: {type: object, additionalProperties: {type: string}}, n: {type: integer, format: int32, default: 3, minimum: 1.5},
				list: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: object, required: [k], properties: {k: {type: string}}}},
				pod: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}}, oneOf: [{required: [n]}, {properties: {n: {maximum: 3}}}]}}}`, nil},
		{"no types", `{properties: {a: {}, l: {type: array, items: {}}, m: {type: object, additionalProperties: {}}}}`, []string{
			".properties[a].type: Required value: must not be empty for specified object fields",
			".properties[l].items.type: Required value: must not be empty for specified array items",
			".properties[m].additionalProperties.type: Required value: must not be empty for specified object fields",
			".type: Required value: must not be empty at the root"}},
		{"root", `{type: array, additionalProperties: true, nullable: true}`, []string{
			".nullable: Forbidden: nullable cannot be true at the root", ".additionalProperties: Forbidden: must not be used at the root",
			".items: Required value: must be specified", `.type: Invalid value: "array": must be object at the root`}},
		{"more than narrowing", `{type: object, anyOf: [{type: object, description: x, properties: {a: {type: string}, metadata: {minLength: 1}}, x-kubernetes-map-type: atomic}], not: {items: {default: 1}}}`, []string{
			".anyOf[0].description: Forbidden: must be empty to be structural", ".anyOf[0].properties[a].type: Forbidden: must be empty to be structural",
			".anyOf[0].properties[metadata]: Forbidden: must not be specified in a nested context", ".anyOf[0].type: Forbidden", ".anyOf[0].x-kubernetes-map-type: Forbidden: must be undefined to be structural",
			".items: Required value: because it is defined in spec.versions[0].schema.openAPIV3Schema.not.items", ".not.items.default: Forbidden: must be undefined to be structural",
			".properties[a]: Required value: because it is defined in spec.versions[0].schema.openAPIV3Schema.anyOf[0].properties[a]", ".properties[metadata]: Required value"}},
		{"not in OpenAPI", `{type: object, $ref: "#/x", id: i, properties: {a: {type: "null"}, b: {type: array, items: [{type: string}], uniqueItems: true}}, definitions: {d: {type: string}}, patternProperties: {p: {type: string}},
			dependencies: {a: [b]}, additionalItems: true}`, []string{
			".id: Forbidden: id is not supported", ".additionalItems: Forbidden", ".patternProperties: Forbidden", ".definitions: Forbidden", ".dependencies: Forbidden", ".$ref: Forbidden: $ref is not supported",
			`.properties[a].type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"`, ".properties[a].type: Forbidden: type cannot be set to null",
			".properties[b].items: Forbidden: items must be a schema object and not an array", ".properties[b].uniqueItems: Forbidden"}},
		{"a dialect", `{type: object, $schema: x}`, []string{`: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`}},
		{"metadata", `{type: object, properties: {kind: {type: integer}, metadata: {type: object, properties: {labels: {type: object, default: {}}}}}}`, []string{
			`.properties[kind].type: Invalid value: "integer": must be string`, ".properties[metadata]: Forbidden: must not specify anything other than name and generateName",
			".properties[metadata].properties[labels].default: Forbidden: must not be set in top-level metadata"}},
		{"extensions", `{type: object, properties: {a: {x-kubernetes-int-or-string: true, x-kubernetes-preserve-unknown-fields: true}, b: {x-kubernetes-embedded-resource: true},
			c: {type: object, x-kubernetes-preserve-unknown-fields: false, x-kubernetes-list-type: heap}, d: {type: string, x-kubernetes-map-type: atomic},
			e: {type: array, x-kubernetes-list-type: set, items: {type: object, nullable: true}}}}`, []string{
			".properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true",
			".properties[b].properties: Required value: must not be empty if", ".properties[b].type: Required value: must be object if x-kubernetes-embedded-resource is true",
			".properties[c].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined", `.properties[c].type: Invalid value: "object": must be array if`,
			`.properties[c].x-kubernetes-list-type: Unsupported value: "heap"`, `.properties[d].type: Invalid value: "string": must be object if x-kubernetes-map-type is specified`,
			".properties[e].items.x-kubernetes-map-type: Invalid value: null: must be atomic", ".properties[e].items.nullable: Forbidden: cannot be nullable when"}},
		{"keys", `{type: object, properties: {a: {type: array, x-kubernetes-list-map-keys: [k], items: {type: string}}, b: {type: array, x-kubernetes-list-type: map, items: {type: string}},
			c: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k, k, x, o], items: {type: object, required: [o], properties: {k: {type: string, nullable: true}, o: {type: object}}}}}}`, []string{
			".properties[a].x-kubernetes-list-type: Required value: must be map if", ".properties[b].x-kubernetes-list-map-keys: Required value", `.properties[b].items.type: Invalid value: "string": must be object`,
			`.properties[c].x-kubernetes-list-map-keys: Invalid value: ["k","k","x","o"]: must not contain duplicate entries`, `.properties[c].x-kubernetes-list-map-keys: Invalid value: ["k","k","x","o"]: entries must all be names of item properties`,
			`.properties[c].items.properties[o].type: Invalid value: "object": must be a scalar type`, ".properties[c].items.properties[k].default: Required value", ".properties[c].items.properties[k].nullable: Forbidden",
			".properties[c].items.properties[k].default: Required value", ".properties[c].items.properties[k].nullable: Forbidden"}},
		{"rules and patterns", `{type: object, properties: {a: {type: string, pattern: "(", x-kubernetes-validations: [{rule: " "}, {rule: "a\nb"}, {rule: x, reason: Because, message: "a\nb"}]}, b: {type: object, properties: {c: {type: string}}, additionalProperties: {type: string}}}}`, []string{
			`.properties[a].pattern: Invalid value: "(": must be a valid regular expression`, ".properties[a].x-kubernetes-validations[0].rule: Required value: rule is not specified",
			".properties[a].x-kubernetes-validations[1].message: Required value: message must be specified if rule contains line breaks", ".properties[a].x-kubernetes-validations[2].message: Invalid value",
			`.properties[a].x-kubernetes-validations[2].reason: Unsupported value: "Because"`, ".properties[b].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			for _, w := range tt.want {
				want = append(want, "spec.versions[0].schema.openAPIV3Schema"+w)
			}
			apitest.Refused(t, CustomResourceDefinition, kind(tt.schema, ""), want...)
		})
	}
}

func TestVersion(t *testing.T) {
	const p = "spec.versions[0]"
	apitest.Refused(t, CustomResourceDefinition, kind("{type: object, title: x, allOf: [{required: [a]}]}", ", subresources: {status: {}, scale: {specReplicasPath: .status.n, statusReplicasPath: x, labelSelectorPath: .l}}"),
		p+`.schema.openAPIV3Schema: Invalid value: "": only [Description Type Format Title`,
		p+`.subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec`,
		p+`.subresources.scale.statusReplicasPath: Invalid value: "x": must be a simple json path starting with .`,
		p+`.subresources.scale.labelSelectorPath: Invalid value: ".l": should be a json path under either .spec or .status`)
	apitest.Refused(t, CustomResourceDefinition, kind("{type: object}", ", additionalPrinterColumns: [{type: text, format: f, jsonPath: spec}, {name: a}]"),
		p+".additionalPrinterColumns[0].name: Required value", p+`.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string`,
		p+`.additionalPrinterColumns[0].format: Invalid value: "f": must be one of byte,`, p+`.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path`,
		p+".additionalPrinterColumns[1].type: Required value: must be one of", p+".additionalPrinterColumns[1].JSONPath: Required value")
	apitest.Refused(t, CustomResourceDefinition, kind("{type: object, properties: {a: {type: string}, o: {type: object}, metadata: {type: object, properties: {name: {type: string}}}}}",
		", selectableFields: [{jsonPath: .a}, {jsonPath: .a}, {jsonPath: .o}, {jsonPath: .x}, {jsonPath: .metadata.name}, {}]"),
		p+`.selectableFields[1].jsonPath: Duplicate value: ".a"`, p+`.selectableFields[2].jsonPath: Invalid value: ".o": must point to a field of type string, boolean or integer`,
		p+`.selectableFields[3].jsonPath: Invalid value: ".x": is an invalid path`, p+`.selectableFields[4].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata`,
		p+`.selectableFields[5].jsonPath: Required value`)
}

func TestWarnings(t *testing.T) {
	o := apitest.Created(t, CustomResourceDefinition, kind(`{type: object, properties: {a: {type: string, format: date-time}, b: {type: integer, format: date},
		c: {type: array, x-kubernetes-list-type: set, items: {type: object, x-kubernetes-map-type: atomic}}}}`, ""))
	want := []string{`unrecognized format "date"`, `x-kubernetes-list-type: set for items of type "object" is not supported by server-side apply or CEL validation rules`}
	if got := CustomResourceDefinition.Warnings(o); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

// The types that are one of several in JSON.
func TestJSON(t *testing.T) {
	const text = `{"default":{"b": 1,"a":[1.0]},"enum":[1,"a",null],"items":{"type":"string"},"additionalProperties":false,` +
		`"dependencies":{"a":["b","c"],"d":{"type":"string"}},"additionalItems":{"items":[{"type":"string"},{"type":"integer"}]},"minimum":1.5,"x-kubernetes-preserve-unknown-fields":true}`
	var s Schema
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(s)
	apitest.Same(t, json.RawMessage(got), text)
	if err != nil || s.AdditionalProperties.Allows || s.AdditionalProperties.Schema != nil || !s.AdditionalItems.Allows || string(s.Enum[1].Raw) != `"a"` || s.Enum[2].Raw != nil {
		t.Errorf("%+v, %v", s, err)
	}
	if err := json.Unmarshal([]byte(`{"additionalProperties":"x"}`), &s); err == nil || !strings.Contains(err.Error(), "boolean or JSON schema expected") {
		t.Errorf("%v", err)
	}
}

// Whatever is in a definition comes through protobuf and copies unchanged.
func TestProtobuf(t *testing.T) {
	fill := randfill.NewWithSeed(7).NilChance(0.4).NumElements(1, 2).MaxDepth(9).Funcs(
		func(j *JSON, c randfill.Continue) { j.Raw = []byte(`{"a":1}`) },
	)
	for range 50 {
		var o, got Object
		fill.Fill(&o.Spec)
		fill.Fill(&o.Status.AcceptedNames)
		o.Name = "boats.example.com"
		data, err := o.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if err := got.Unmarshal(data); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&o, &got); diff != "" {
			t.Fatalf("(-wrote +read)\n%s", diff)
		}
		if o.Size() != len(data) {
			t.Errorf("%d bytes, announced as %d", len(data), o.Size())
		}
		copied := o.DeepCopy()
		if diff := cmp.Diff(&o, copied); diff != "" {
			t.Fatalf("the copy differs: %s", diff)
		}
		for n := range data {
			_ = new(Object).Unmarshal(data[:n]) // must not panic on what was cut off
		}
	}
	o := apitest.Created(t, CustomResourceDefinition, kind("{type: object, properties: {a: {type: string}}}", "")).(*Object)
	copied := o.DeepCopy()
	copied.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["b"] = Schema{}
	copied.Spec.Names.ShortNames = append(copied.Spec.Names.ShortNames, "b")
	if len(o.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties) != 1 {
		t.Error("the copy shares the schema")
	}
}
