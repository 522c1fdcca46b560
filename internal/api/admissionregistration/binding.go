package admissionregistration

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateBinding judges what the bindings of both kinds of policy share.
func validateBinding(policy string, ref *admissionregistrationv1.ParamRef, m *admissionregistrationv1.MatchResources) field.ErrorList {
	p := field.NewPath("spec")
	errs := meta.Name(p.Child("policyName"), policy, meta.Subdomain)
	errs = append(errs, validateParamRef(ref, p.Child("paramRef"))...)
	return append(errs, validateMatch(m, p.Child("matchResources"))...)
}

func validateActions(actions []admissionregistrationv1.ValidationAction, p *field.Path) field.ErrorList {
	known := []admissionregistrationv1.ValidationAction{admissionregistrationv1.Audit, admissionregistrationv1.Deny, admissionregistrationv1.Warn}
	var errs field.ErrorList
	seen := meta.Unique[admissionregistrationv1.ValidationAction]{}
	for i, a := range actions {
		if !slices.Contains(known, a) {
			errs = append(errs, field.NotSupported(p.Index(i), a, known))
		}
		errs = append(errs, seen.Check(p.Index(i), a)...)
	}
	switch {
	case seen[admissionregistrationv1.Deny] && seen[admissionregistrationv1.Warn]:
		errs = append(errs, field.Invalid(p, actions, "must not contain both Deny and Warn "+
			"(repeating the same validation failure information in the API response and headers serves no purpose)"))
	case len(seen) == 0:
		errs = append(errs, field.Required(p, "at least one validation action is required"))
	}
	return errs
}
