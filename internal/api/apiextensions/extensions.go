package apiextensions

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// validateExtensions judges what Kubernetes adds to a schema.
func validateExtensions(s *Schema, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if x := s.XPreserveUnknownFields; x != nil && !*x {
		errs = append(errs, field.Invalid(p.Child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"))
	}
	if s.XMapType != nil {
		errs = append(errs, ofType(s, p, "object", "x-kubernetes-map-type")...)
		errs = append(errs, oneOf(*s.XMapType, p.Child("x-kubernetes-map-type"), "atomic", "granular")...)
	}
	if s.XListType != nil {
		errs = append(errs, ofType(s, p, "array", "x-kubernetes-list-type")...)
		errs = append(errs, validateSet(s, p)...)
		errs = append(errs, oneOf(*s.XListType, p.Child("x-kubernetes-list-type"), "atomic", "set", "map")...)
	}
	if len(s.XListMapKeys) > 0 {
		switch {
		case s.XListType == nil:
			errs = append(errs, field.Required(p.Child("x-kubernetes-list-type"), "must be map if x-kubernetes-list-map-keys is non-empty"))
		case *s.XListType != "map":
			errs = append(errs, field.Invalid(p.Child("x-kubernetes-list-type"), *s.XListType, "must be map if x-kubernetes-list-map-keys is non-empty"))
		}
	}
	if ptr.Deref(s.XListType, "") == "map" {
		errs = append(errs, validateMap(s, p)...)
	}
	return append(errs, validateItems(s, p)...)
}

func ofType(s *Schema, p *field.Path, want, extension string) field.ErrorList {
	why := "must be " + want + " if " + extension + " is specified"
	switch s.Type {
	case want:
		return nil
	case "":
		return field.ErrorList{field.Required(p.Child("type"), why)}
	}
	return field.ErrorList{field.Invalid(p.Child("type"), s.Type, why)}
}

func oneOf(value string, p *field.Path, allowed ...string) field.ErrorList {
	if slices.Contains(allowed, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(p, value, allowed)}
}

// validateSet wants the items of a set to be compared as a whole.
func validateSet(s *Schema, p *field.Path) field.ErrorList {
	if s.Type != "array" || *s.XListType != "set" || s.Items == nil || s.Items.Schema == nil {
		return nil
	}
	const why = "must be atomic as item of a list with x-kubernetes-list-type=set"
	item, at := s.Items.Schema, p.Child("items")
	switch {
	case item.Type == "array" && ptr.Deref(item.XListType, "atomic") != "atomic":
		return field.ErrorList{field.Invalid(at.Child("x-kubernetes-list-type"), *item.XListType, why)}
	case item.Type == "object" && ptr.Deref(item.XMapType, "granular") != "atomic":
		return field.ErrorList{field.Invalid(at.Child("x-kubernetes-map-type"), item.XMapType, why)}
	}
	return nil
}

// validateMap judges a list whose items have keys.
func validateMap(s *Schema, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	keys := p.Child("x-kubernetes-list-map-keys")
	if len(s.XListMapKeys) == 0 {
		errs = append(errs, field.Required(keys, "must not be empty if x-kubernetes-list-type is map"))
	}
	switch {
	case s.Items == nil:
		return append(errs, field.Required(p.Child("items"), "must have a schema if x-kubernetes-list-type is map"))
	case s.Items.Schema == nil:
		return append(errs, field.Invalid(p.Child("items"), "", "must only have a single schema if x-kubernetes-list-type is map"))
	case s.Items.Schema.Type != "object":
		return append(errs, field.Invalid(p.Child("items", "type"), s.Items.Schema.Type, "must be object if parent array's x-kubernetes-list-type is map"))
	}
	seen := map[string]bool{}
	for _, key := range s.XListMapKeys {
		property, there := s.Items.Schema.Properties[key]
		if !there {
			errs = append(errs, field.Invalid(keys, s.XListMapKeys, "entries must all be names of item properties"))
		} else if property.Type == "array" || property.Type == "object" {
			errs = append(errs, field.Invalid(p.Child("items", "properties").Key(key).Child("type"), property.Type, "must be a scalar type if parent array's x-kubernetes-list-type is map"))
		}
		if seen[key] {
			errs = append(errs, field.Invalid(keys, s.XListMapKeys, "must not contain duplicate entries"))
		}
		seen[key] = true
	}
	return errs
}

// validateItems wants the items of sets, and the keys of items, to be there.
func validateItems(s *Schema, p *field.Path) field.ErrorList {
	list := ptr.Deref(s.XListType, "")
	if s.Items == nil || s.Items.Schema == nil || list != "set" && list != "map" {
		return nil
	}
	var errs field.ErrorList
	item, at := s.Items.Schema, p.Child("items")
	if item.Nullable {
		errs = append(errs, field.Forbidden(at.Child("nullable"), "cannot be nullable when x-kubernetes-list-type is "+list))
	}
	if list == "set" {
		return errs
	}
	for _, key := range s.XListMapKeys {
		property, there := item.Properties[key]
		kp := at.Child("properties").Key(key)
		if there && property.Default == nil && !slices.Contains(item.Required, key) {
			errs = append(errs, field.Required(kp.Child("default"), "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
		}
		if property.Nullable {
			errs = append(errs, field.Forbidden(kp.Child("nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"))
		}
	}
	return errs
}

// warnings tells of what is accepted and does nothing.
func warnings(o *Object) []string {
	var formats []string
	sets := map[string]bool{}
	for _, v := range o.Spec.Versions {
		if v.Schema == nil {
			continue
		}
		walk(v.Schema.OpenAPIV3Schema, nil, func(s *Schema, _ *field.Path) {
			if s.Format != "" && !formatKnown(s) {
				formats = append(formats, `unrecognized format "`+s.Format+`"`)
			}
			if item := s.Items; item != nil && item.Schema != nil && ptr.Deref(s.XListType, "") == "set" && (item.Schema.Type == "object" || item.Schema.Type == "array") {
				sets[`x-kubernetes-list-type: set for items of type "`+item.Schema.Type+`" is not supported by server-side apply or CEL validation rules`] = true
			}
		})
	}
	return append(formats, slices.Sorted(maps.Keys(sets))...)
}
