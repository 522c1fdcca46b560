package apiextensions

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateSchema judges the schema of a version: what OpenAPI allows in it,
// and that it is structural.
func validateSchema(v *Version, p *field.Path) field.ErrorList {
	if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
		return field.ErrorList{field.Required(p, "")}
	}
	s := v.Schema.OpenAPIV3Schema
	var errs field.ErrorList
	if v.Subresources != nil && v.Subresources.Status != nil {
		errs = append(errs, validateApart(s, p)...)
	}
	if s.Nullable {
		errs = append(errs, field.Forbidden(p.Child("nullable"), "nullable cannot be true at the root"))
	}
	unsupported := ""
	walk(s, p, func(s *Schema, _ *field.Path) { unsupported = cmp.Or(unsupported, s.notStructural()) })
	if unsupported == "" {
		errs = append(errs, validateStructural(s, p)...)
	}
	errs = append(errs, inspector{}.schema(s, p, true)...)
	if len(errs) == 0 && unsupported != "" {
		errs = append(errs, field.Invalid(p, "", unsupported))
	}
	return errs
}

// besideStatus are the fields of a root schema from which the schema of the
// status can be taken out without losing a rule.
var besideStatus = []string{
	"Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength", "MinLength",
	"Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties", "ExternalDocs", "Example",
	"XPreserveUnknownFields", "XValidations",
}

func validateApart(s *Schema, p *field.Path) field.ErrorList {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; {
		case v.Field(i).IsZero():
		case name == "Type" && s.Type != "object":
			return field.ErrorList{field.Invalid(p.Child("type"), s.Type, `only "object" is allowed as the type at the root of the schema if the status subresource is enabled`)}
		case !slices.Contains(besideStatus, name):
			return field.ErrorList{field.Invalid(p, "", fmt.Sprintf("only %v fields are allowed at the root of the schema if the status subresource is enabled", besideStatus))}
		}
	}
	return nil
}

// notStructural is what keeps a schema from being read as a structural one.
func (s *Schema) notStructural() string {
	for _, one := range []struct {
		field string
		set   bool
	}{
		{"id", s.ID != ""}, {"schema", s.Schema != ""}, {"$ref", s.Ref != nil}, {"patternProperties", len(s.PatternProperties) > 0},
		{"dependencies", len(s.Dependencies) > 0}, {"additionalItems", s.AdditionalItems != nil}, {"definitions", len(s.Definitions) > 0},
	} {
		if one.set {
			return "OpenAPIV3Schema '" + one.field + "' is not supported"
		}
	}
	if s.Items != nil && len(s.Items.Schemas) > 0 {
		return "OpenAPIV3Schema 'items' must be a schema, but is an array"
	}
	return ""
}

// walk calls f with a schema and all that it holds, in a fixed order.
func walk(s *Schema, p *field.Path, f func(*Schema, *field.Path)) {
	if s == nil {
		return
	}
	f(s, p)
	s.below(p, func(s *Schema, p *field.Path) { walk(s, p, f) })
}

// below calls f with the schemas right below s; they may be nil.
func (s *Schema) below(p *field.Path, f func(*Schema, *field.Path)) {
	if a := s.AdditionalProperties; a != nil {
		f(a.Schema, p.Child("additionalProperties"))
	}
	for _, m := range []struct {
		field   string
		schemas map[string]Schema
	}{{"properties", s.Properties}, {"patternProperties", s.PatternProperties}, {"definitions", s.Definitions}} {
		for _, name := range slices.Sorted(maps.Keys(m.schemas)) {
			one := m.schemas[name]
			f(&one, p.Child(m.field).Key(name))
		}
	}
	f(s.Not, p.Child("not"))
	for _, l := range []struct {
		field   string
		schemas []Schema
	}{{"allOf", s.AllOf}, {"oneOf", s.OneOf}, {"anyOf", s.AnyOf}} {
		for i := range l.schemas {
			f(&l.schemas[i], p.Child(l.field).Index(i))
		}
	}
	if s.Items != nil {
		f(s.Items.Schema, p.Child("items"))
		for i := range s.Items.Schemas {
			f(&s.Items.Schemas[i], p.Child("items").Index(i))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		f(s.Dependencies[name].Schema, p.Child("dependencies").Key(name))
	}
}

func hasDefaults(s *Schema) bool {
	found := false
	walk(s, nil, func(s *Schema, _ *field.Path) { found = found || s.Default != nil })
	return found
}

// inspector judges schemas by the rules of OpenAPI; its fields say where in
// the object it is.
type inspector struct {
	noDefaults string // why there may be no defaults here
	inMeta     bool   // in apiVersion, kind or metadata
}

func (in inspector) schema(s *Schema, p *field.Path, root bool) field.ErrorList {
	errs := in.one(s, p)
	errs = append(errs, validateExtensions(s, p)...)
	s.below(p, func(next *Schema, at *field.Path) {
		if next == nil {
			return
		}
		errs = append(errs, in.inside(s, next, at, root).schema(next, at, false)...)
	})
	return append(errs, validateRules(s, p)...)
}

// inside is the inspector for next, which is in s.
func (in inspector) inside(s, next *Schema, at *field.Path, root bool) inspector {
	if s.AdditionalProperties != nil && next == s.AdditionalProperties.Schema && in.inMeta {
		in.noDefaults = "inside additionalProperties applying to object metadata"
	}
	for _, name := range []string{"apiVersion", "kind", "metadata"} {
		if (root || s.XEmbeddedResource) && strings.HasSuffix(at.String(), ".properties["+name+"]") {
			in.inMeta = true
			if root {
				in.noDefaults = "in top-level " + name
			}
		}
	}
	return in
}

var types = []string{"array", "boolean", "integer", "number", "object", "string"}

// one judges a schema by itself.
func (in inspector) one(s *Schema, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	forbid := func(when bool, name, why string) {
		if when {
			errs = append(errs, field.Forbidden(p.Child(name), why))
		}
	}
	if s.Type != "" && !slices.Contains(types, s.Type) {
		errs = append(errs, field.NotSupported(p.Child("type"), s.Type, types))
	}
	forbid(s.Default != nil && in.noDefaults != "", "default", "must not be set "+in.noDefaults)
	forbid(s.ID != "", "id", "id is not supported")
	forbid(s.AdditionalItems != nil, "additionalItems", "additionalItems is not supported")
	forbid(len(s.PatternProperties) > 0, "patternProperties", "patternProperties is not supported")
	forbid(len(s.Definitions) > 0, "definitions", "definitions is not supported")
	forbid(s.Dependencies != nil, "dependencies", "dependencies is not supported")
	forbid(s.Ref != nil, "$ref", "$ref is not supported")
	forbid(s.Type == "null", "type", "type cannot be set to null, use nullable as an alternative")
	forbid(s.Items != nil && len(s.Items.Schemas) > 0, "items", "items must be a schema object and not an array")
	forbid(in.inMeta && s.XEmbeddedResource, "x-kubernetes-embedded-resource", "must not be used inside of resource meta")
	forbid(s.UniqueItems, "uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
	if a := s.AdditionalProperties; a != nil {
		forbid(len(s.Properties) > 0 && (!a.Allows || a.Schema != nil), "additionalProperties", "additionalProperties and properties are mutual exclusive")
	}
	return errs
}

// validateRules judges CEL rules as far as that goes without reading them.
func validateRules(s *Schema, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	blank := func(text string) bool { return strings.TrimSpace(text) == "" }
	lines := func(text string) bool { return strings.ContainsAny(strings.TrimSpace(text), "\r\n") }
	for i := range s.XValidations {
		r, rp := &s.XValidations[i], p.Child("x-kubernetes-validations").Index(i)
		switch {
		case blank(r.Rule):
			errs = append(errs, field.Required(rp.Child("rule"), "rule is not specified"))
		case r.Message != "" && blank(r.Message):
			errs = append(errs, field.Invalid(rp.Child("message"), r.Message, "must be non-empty if specified"))
		case lines(r.Message):
			errs = append(errs, field.Invalid(rp.Child("message"), r.Message, "must not contain line breaks"))
		case lines(r.Rule) && blank(r.Message):
			errs = append(errs, field.Required(rp.Child("message"), "message must be specified if rule contains line breaks"))
		}
		if r.MessageExpression != "" && blank(r.MessageExpression) {
			errs = append(errs, field.Required(rp.Child("messageExpression"), "messageExpression must be non-empty if specified"))
		}
		if reasons := []string{"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"}; r.Reason != nil && !slices.Contains(reasons, *r.Reason) {
			errs = append(errs, field.NotSupported(rp.Child("reason"), *r.Reason, reasons))
		}
		if r.FieldPath != "" && blank(r.FieldPath) {
			errs = append(errs, field.Invalid(rp.Child("fieldPath"), r.FieldPath, "must be non-empty if specified"))
		}
		if strings.ContainsAny(r.FieldPath, "\r\n") {
			errs = append(errs, field.Invalid(rp.Child("fieldPath"), r.FieldPath, "must not contain line breaks"))
		}
	}
	return errs
}
