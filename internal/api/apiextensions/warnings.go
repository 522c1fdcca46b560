package apiextensions

import (
	"fmt"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	schemavalidation "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"skiff/internal/api/cel"
)

// warnings tells of what is accepted and does nothing.
func warnings(o *apiextensionsv1.CustomResourceDefinition) []string {
	formats, sets := remarks(o)
	return append(formats, sets...)
}

// updateWarnings are those about what old did not have.
func updateWarnings(o, old *apiextensionsv1.CustomResourceDefinition) []string {
	known := warnings(old)
	return slices.DeleteFunc(warnings(o), func(w string) bool { return slices.Contains(known, w) })
}

// remarks are the warnings about formats that mean nothing, one for each, and
// about sets of what is no scalar, one for each type.
func remarks(o *apiextensionsv1.CustomResourceDefinition) (formats, sets []string) {
	hub, errs := internal(o)
	if len(errs) > 0 {
		return nil, nil
	}
	look := func(s *apiextensions.JSONSchemaProps) bool {
		for _, f := range unknownFormats(s) {
			formats = append(formats, fmt.Sprintf("unrecognized format %q", f))
		}
		if t := typeInSet(s); t == "object" || t == "array" {
			sets = append(sets, fmt.Sprintf("x-kubernetes-list-type: set for items of type %q is not supported by server-side apply or CEL validation rules", t))
		}
		return false // to see them all
	}
	validation.HasSchemaWith(&hub.Spec, func(s *apiextensions.JSONSchemaProps) bool { return validation.SchemaHas(s, look) })
	slices.Sort(formats)
	slices.Sort(sets)
	return formats, slices.Compact(sets)
}

func unknownFormats(s *apiextensions.JSONSchemaProps) []string {
	if s.Format == "" {
		return nil
	}
	one := &spec.Schema{SchemaProps: spec.SchemaProps{Format: s.Format, Type: []string{s.Type}}}
	return schemavalidation.GetUnrecognizedFormats(one, cel.Version())
}

// typeInSet is the type of the items, if the schema is that of a set.
func typeInSet(s *apiextensions.JSONSchemaProps) string {
	if s.XListType == nil || *s.XListType != "set" || s.Items == nil || s.Items.Schema == nil {
		return ""
	}
	return s.Items.Schema.Type
}
