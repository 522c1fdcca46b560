package apiextensions

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

func validateVersion(v *Version, p *field.Path) field.ErrorList {
	errs := validateDeprecation(v, p.Child("deprecationWarning"))
	errs = append(errs, validateSubresources(v.Subresources, p.Child("subresources"))...)
	for i := range v.AdditionalPrinterColumns {
		errs = append(errs, validateColumn(&v.AdditionalPrinterColumns[i], p.Child("additionalPrinterColumns").Index(i))...)
	}
	return append(errs, validateSelectable(v, p.Child("selectableFields"))...)
}

func validateSubresources(s *Subresources, p *field.Path) field.ErrorList {
	if s == nil || s.Scale == nil {
		return nil
	}
	var errs field.ErrorList
	for _, one := range []struct{ field, value, below string }{
		{"specReplicasPath", s.Scale.SpecReplicasPath, ".spec"}, {"statusReplicasPath", s.Scale.StatusReplicasPath, ".status"},
	} {
		at := p.Child("scale." + one.field)
		bad := simplePath(at, one.value)
		switch {
		case one.value == "":
			errs = append(errs, field.Required(at, ""))
		case len(bad) > 0:
			errs = append(errs, bad...)
		case !strings.HasPrefix(one.value, one.below+"."):
			errs = append(errs, field.Invalid(at, one.value, "should be a json path under "+one.below))
		}
	}
	if l := s.Scale.LabelSelectorPath; l != nil && *l != "" {
		at := p.Child("scale.labelSelectorPath")
		if bad := simplePath(at, *l); len(bad) > 0 {
			errs = append(errs, bad...)
		} else if !strings.HasPrefix(*l, ".spec.") && !strings.HasPrefix(*l, ".status.") {
			errs = append(errs, field.Invalid(at, *l, "should be a json path under either .spec or .status"))
		}
	}
	return errs
}

func simplePath(p *field.Path, path string) field.ErrorList {
	if path == "" || path[0] == '.' {
		return nil
	}
	return field.ErrorList{field.Invalid(p, path, "must be a simple json path starting with .")}
}

var (
	columnTypes   = []string{"boolean", "date", "integer", "number", "string"}
	columnFormats = []string{"byte", "date", "date-time", "double", "float", "int32", "int64", "password"}
)

func validateColumn(c *Column, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("name"), c.Name, nil)
	types := "must be one of " + strings.Join(columnTypes, ",")
	switch {
	case c.Type == "":
		errs = append(errs, field.Required(p.Child("type"), types))
	case !slices.Contains(columnTypes, c.Type):
		errs = append(errs, field.Invalid(p.Child("type"), c.Type, types))
	}
	if c.Format != "" && !slices.Contains(columnFormats, c.Format) {
		errs = append(errs, field.Invalid(p.Child("format"), c.Format, "must be one of "+strings.Join(columnFormats, ",")))
	}
	errs = append(errs, meta.Required(p.Child("JSONPath"), c.JSONPath, nil)...)
	return append(errs, simplePath(p.Child("JSONPath"), c.JSONPath)...)
}

// maxSelectable is how many fields of a kind can be selected by.
const maxSelectable = 8

func validateSelectable(v *Version, p *field.Path) field.ErrorList {
	if len(v.SelectableFields) == 0 {
		return nil
	}
	if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
		return field.ErrorList{field.Invalid(p, "", "may only be set when `version.schema.openAPIV3Schema` is not included")}
	}
	var errs field.ErrorList
	seen := map[string]bool{}
	for i, f := range v.SelectableFields {
		at := p.Index(i).Child("jsonPath")
		if f.JSONPath == "" {
			errs = append(errs, field.Required(at, ""))
			continue
		}
		to, err := follow(v.Schema.OpenAPIV3Schema, f.JSONPath)
		if err != nil {
			errs = append(errs, field.Invalid(at, f.JSONPath, fmt.Sprintf("is an invalid path: %v", err)))
			continue
		}
		if strings.HasPrefix(f.JSONPath, ".metadata") {
			errs = append(errs, field.Invalid(at, f.JSONPath, "must not point to fields in metadata"))
		}
		if to.Type != "string" && to.Type != "boolean" && to.Type != "integer" {
			errs = append(errs, field.Invalid(at, f.JSONPath, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."))
		}
		if seen[f.JSONPath] {
			errs = append(errs, field.Duplicate(at, f.JSONPath))
		}
		seen[f.JSONPath] = true
	}
	if len(seen) > maxSelectable {
		errs = append(errs, field.TooMany(p, len(seen), maxSelectable))
	}
	return errs
}

// follow finds the schema that a path of field names leads to.
func follow(s *Schema, path string) (*Schema, error) {
	if path[0] != '.' {
		return nil, fmt.Errorf("expected [ or . but got: %.1s", path)
	}
	for _, name := range strings.Split(path[1:], ".") {
		next, ok := s.Properties[name]
		if !ok {
			return nil, fmt.Errorf("does not refer to a valid field")
		}
		s = &next
	}
	return s, nil
}
