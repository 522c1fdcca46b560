package apiextensions

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// A schema is structural when it says the type of every field outside of
// allOf, anyOf, oneOf and not, and when what stands in these only narrows
// that. Pruning, defaulting and apply go by such a schema.

// place is where a schema stands.
type place int

const (
	atRoot place = iota
	atItem
	atField
)

func validateStructural(s *Schema, p *field.Path) field.ErrorList {
	errs := append(structure(s, atRoot, p), completeJunctors(s, s, p, p)...)
	slices.SortStableFunc(errs, func(a, b *field.Error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errs
}

// structure judges a schema that says what there is, and those in it.
func structure(s *Schema, at place, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if items := s.item(); items != nil {
		errs = append(errs, structure(items, atItem, p.Child("items"))...)
	} else if s.Type == "array" {
		errs = append(errs, field.Required(p.Child("items"), "must be specified"))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		one := s.Properties[name]
		errs = append(errs, structure(&one, atField, p.Child("properties").Key(name))...)
	}
	if a := s.AdditionalProperties; a != nil {
		if at == atRoot {
			errs = append(errs, field.Forbidden(p.Child("additionalProperties"), "must not be used at the root"))
		}
		if a.Schema != nil {
			errs = append(errs, structure(a.Schema, atField, p.Child("additionalProperties"))...)
		}
	}
	errs = append(errs, exclusive(s, p)...)
	intOrString := isIntOrString(s.AnyOf)
	errs = append(errs, junctors(s, intOrString, len(s.AllOf) > 0 && isIntOrString(s.AllOf[0].AnyOf), p)...)
	errs = append(errs, typed(s, at, p)...)
	return append(errs, ofObject(s, at, p)...)
}

func (s *Schema) item() *Schema {
	if s.Items == nil {
		return nil
	}
	return s.Items.Schema
}

func (s *Schema) preserves() bool { return ptr.Deref(s.XPreserveUnknownFields, false) }

func exclusive(s *Schema, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	const why = "must be false if x-kubernetes-int-or-string is true"
	if s.XIntOrString && s.preserves() {
		errs = append(errs, field.Invalid(p.Child("x-kubernetes-preserve-unknown-fields"), true, why))
	}
	if s.XIntOrString && s.XEmbeddedResource {
		errs = append(errs, field.Invalid(p.Child("x-kubernetes-embedded-resource"), true, why))
	}
	return errs
}

// isIntOrString says whether schemas are the two that may name a type in
// anyOf.
func isIntOrString(any []Schema) bool {
	return len(any) == 2 && reflect.DeepEqual(any, []Schema{{Type: "integer"}, {Type: "string"}})
}

// typed wants a type.
func typed(s *Schema, at place, p *field.Path) field.ErrorList {
	tp := p.Child("type")
	var errs field.ErrorList
	switch {
	case s.XEmbeddedResource && s.Type == "":
		errs = append(errs, field.Required(tp, "must be object if x-kubernetes-embedded-resource is true"))
	case s.XEmbeddedResource && s.Type != "object":
		errs = append(errs, field.Invalid(tp, s.Type, "must be object if x-kubernetes-embedded-resource is true"))
	case s.Type == "" && !s.XIntOrString && !s.preserves():
		where := [...]string{"at the root", "for specified array items", "for specified object fields"}[at]
		errs = append(errs, field.Required(tp, "must not be empty "+where))
	}
	if at == atRoot && s.Type != "" && s.Type != "object" {
		errs = append(errs, field.Invalid(tp, s.Type, "must be object at the root"))
	}
	return errs
}

// ofObject judges the fields that every object has: at the root, and where
// another object is embedded.
func ofObject(s *Schema, at place, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	whole := at == atRoot || s.XEmbeddedResource
	for _, name := range []string{"kind", "apiVersion"} {
		if one, found := s.Properties[name]; found && whole && one.Type != "string" {
			errs = append(errs, field.Invalid(p.Child("properties").Key(name).Child("type"), one.Type, "must be string"))
		}
	}
	if m, found := s.Properties["metadata"]; found {
		mp := p.Child("properties").Key("metadata")
		if whole && m.Type != "object" {
			errs = append(errs, field.Invalid(mp.Child("type"), m.Type, "must be object"))
		}
		if at == atRoot && !onlyNames(m) {
			errs = append(errs, field.Forbidden(mp, "must not specify anything other than name and generateName, but metadata is implicitly specified"))
		}
	}
	if s.XEmbeddedResource && s.AdditionalProperties != nil {
		errs = append(errs, field.Forbidden(p.Child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set"))
	}
	if s.XEmbeddedResource && !s.preserves() && len(s.Properties) == 0 {
		errs = append(errs, field.Required(p.Child("properties"), "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"))
	}
	return errs
}

// onlyNames says whether the schema of metadata does not go beyond name and
// generateName.
func onlyNames(m Schema) bool {
	for name := range m.Properties {
		if name != "name" && name != "generateName" {
			return false
		}
	}
	m.Properties, m.Type, m.Default, m.ExternalDocs, m.Example = nil, "", nil, nil, nil
	return reflect.DeepEqual(m, Schema{})
}

// junctors judges what stands in allOf, anyOf, oneOf and not of a schema. The
// anyOf that means "integer or string" is passed over, as is that of the first
// in allOf.
func junctors(s *Schema, skipAnyOf, skipFirst bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range s.AnyOf {
		if !skipAnyOf {
			errs = append(errs, narrowing(&s.AnyOf[i], false, p.Child("anyOf").Index(i))...)
		}
	}
	for i := range s.AllOf {
		errs = append(errs, narrowing(&s.AllOf[i], skipFirst && i == 0, p.Child("allOf").Index(i))...)
	}
	for i := range s.OneOf {
		errs = append(errs, narrowing(&s.OneOf[i], false, p.Child("oneOf").Index(i))...)
	}
	if s.Not != nil {
		errs = append(errs, narrowing(s.Not, false, p.Child("not"))...)
	}
	if _, err := regexp.Compile(s.Pattern); err != nil {
		errs = append(errs, field.Invalid(p.Child("pattern"), s.Pattern, "must be a valid regular expression, but isn't: "+err.Error()))
	}
	return errs
}

// narrowing judges a schema that may only narrow what another one says.
func narrowing(s *Schema, skipAnyOf bool, p *field.Path) field.ErrorList {
	errs := junctors(s, skipAnyOf, false, p)
	if items := s.item(); items != nil {
		errs = append(errs, narrowing(items, false, p.Child("items"))...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		one := s.Properties[name]
		errs = append(errs, narrowing(&one, false, p.Child("properties").Key(name))...)
	}
	additional := s.AdditionalProperties
	for _, one := range []struct {
		field, want string
		set         bool
	}{
		{"type", "empty", s.Type != ""},
		{"additionalProperties", "undefined", additional != nil && (additional.Schema != nil || additional.Allows)},
		{"default", "undefined", s.Default != nil},
		{"title", "empty", s.Title != ""},
		{"description", "empty", s.Description != ""},
		{"nullable", "false", s.Nullable},
		{"x-kubernetes-preserve-unknown-fields", "false", s.preserves()},
		{"x-kubernetes-embedded-resource", "false", s.XEmbeddedResource},
		{"x-kubernetes-int-or-string", "false", s.XIntOrString},
		{"x-kubernetes-list-map-keys", "empty", len(s.XListMapKeys) > 0},
		{"x-kubernetes-list-type", "undefined", s.XListType != nil},
		{"x-kubernetes-map-type", "undefined", s.XMapType != nil},
		{"x-kubernetes-validations", "empty", len(s.XValidations) > 0},
	} {
		if one.set {
			errs = append(errs, field.Forbidden(p.Child(one.field), "must be "+one.want+" to be structural"))
		}
	}
	if _, found := s.Properties["metadata"]; found {
		errs = append(errs, field.Forbidden(p.Child("properties").Key("metadata"), "must not be specified in a nested context"))
	}
	return errs
}

// completeJunctors wants all that the junctors of v speak of to be there in s.
func completeJunctors(v, s *Schema, sp, vp *field.Path) field.ErrorList {
	var errs field.ErrorList
	if v.Not != nil {
		errs = append(errs, complete(v.Not, s, sp, vp.Child("not"))...)
	}
	for _, l := range []struct {
		field   string
		schemas []Schema
	}{{"allOf", v.AllOf}, {"anyOf", v.AnyOf}, {"oneOf", v.OneOf}} {
		for i := range l.schemas {
			errs = append(errs, complete(&l.schemas[i], s, sp, vp.Child(l.field).Index(i))...)
		}
	}
	return errs
}

// complete wants all that v, at vp, speaks of to be there in s, at sp.
func complete(v, s *Schema, sp, vp *field.Path) field.ErrorList {
	if s == nil {
		return field.ErrorList{field.Required(sp, "because it is defined in "+vp.String())}
	}
	errs := completeJunctors(v, s, sp, vp)
	if items := v.item(); items != nil {
		errs = append(errs, complete(items, s.item(), sp.Child("items"), vp.Child("items"))...)
	}
	for _, name := range slices.Sorted(maps.Keys(v.Properties)) {
		one, to := v.Properties[name], (*Schema)(nil)
		if found, there := s.Properties[name]; there {
			to = &found
		}
		errs = append(errs, complete(&one, to, sp.Child("properties").Key(name), vp.Child("properties").Key(name))...)
	}
	return errs
}
