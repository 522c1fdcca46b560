package admissionregistration

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateRule judges which requests a webhook or policy is about.
func validateRule(r *admissionregistrationv1.RuleWithOperations, p *field.Path) field.ErrorList {
	errs := someOrAll(p.Child("operations"), r.Operations, "operations")
	for i, o := range r.Operations {
		errs = append(errs, meta.OneOf(p.Child("operations").Index(i), o, admissionregistrationv1.OperationAll, admissionregistrationv1.Connect,
			admissionregistrationv1.Create, admissionregistrationv1.Delete, admissionregistrationv1.Update)...)
	}
	errs = append(errs, someOrAll(p.Child("apiGroups"), r.APIGroups, "API groups")...)
	errs = append(errs, someOrAll(p.Child("apiVersions"), r.APIVersions, "API versions")...)
	for i, v := range r.APIVersions {
		errs = append(errs, meta.Required(p.Child("apiVersions").Index(i), v, nil)...)
	}
	errs = append(errs, validateResources(r.Resources, p.Child("resources"))...)
	return append(errs, meta.EnumOr(p.Child("scope"), r.Scope, admissionregistrationv1.AllScopes,
		admissionregistrationv1.ClusterScope, admissionregistrationv1.NamespacedScope)...)
}

// someOrAll wants some values, and no other beside "*".
func someOrAll[T ~string](p *field.Path, values []T, what string) field.ErrorList {
	switch {
	case len(values) == 0:
		return field.ErrorList{field.Required(p, "")}
	case len(values) > 1 && slices.Contains(values, "*"):
		return field.ErrorList{field.Invalid(p, values, "if '*' is present, must not specify other "+what)}
	}
	return nil
}

// validateResources judges resources, RESOURCE or RESOURCE/SUBRESOURCE. What
// one with a "*" has named already must not follow it.
func validateResources(resources []string, p *field.Path) field.ErrorList {
	if len(resources) == 0 {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	var lastAlone string
	allOf, allWith := map[string]bool{}, map[string]bool{} // x of x/*, and of */x
	for i, text := range resources {
		resource, sub, both := strings.Cut(text, "/")
		if !both {
			errs = append(errs, meta.Required(p.Index(i), text, nil)...)
			if text != "" {
				lastAlone = text
			}
			continue
		}
		if allOf[resource] {
			errs = append(errs, field.Invalid(p.Index(i), text, fmt.Sprintf("if '%s/*' is present, must not specify %s", resource, text)))
		}
		if allWith[sub] {
			errs = append(errs, field.Invalid(p.Index(i), text, fmt.Sprintf("if '*/%s' is present, must not specify %s", sub, text)))
		}
		allOf[resource] = allOf[resource] || sub == "*"
		allWith[sub] = allWith[sub] || resource == "*"
	}
	if len(resources) > 1 && slices.Contains(resources, "*/*") {
		errs = append(errs, field.Invalid(p, resources, "if '*/*' is present, must not specify other resources"))
	}
	// Of resources without a subresource it is the last one that counts.
	if slices.Contains(resources, "*") && lastAlone != "*" {
		errs = append(errs, field.Invalid(p, resources, "if '*' is present, must not specify other resources without subresources"))
	}
	return errs
}
