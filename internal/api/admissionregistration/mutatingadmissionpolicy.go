package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// MutatingAdmissionPolicy changes objects by expressions.
var MutatingAdmissionPolicy = api.Define(api.Kind[*admissionregistrationv1.MutatingAdmissionPolicy]{
	GVK: gv.WithKind("MutatingAdmissionPolicy"), Plural: "mutatingadmissionpolicies", Prefix: "mutatingadmissionpolicies",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.MutatingAdmissionPolicy], NewList: api.NewList[admissionregistrationv1.MutatingAdmissionPolicyList],
	RequireResourceVersion: true,
	Spec:                   func(o *admissionregistrationv1.MutatingAdmissionPolicy) any { return o.Spec },

	Default: func(o *admissionregistrationv1.MutatingAdmissionPolicy) {
		meta.FillPtr(&o.Spec.FailurePolicy, admissionregistrationv1.Fail)
		defaultMatch(o.Spec.MatchConstraints)
	},
	Validate: validateMutatingPolicy,
	Columns: table.Of("Name", "Mutations", "ParamKind", "Age").Integers("Mutations").Docs(map[string]string{
		"Mutations": "Mutation indicates the number of mutations rules defined in this configuration",
		"ParamKind": "ParamKind specifies the kind of resources used to parameterize this policy",
	}),
	Row: func(o *admissionregistrationv1.MutatingAdmissionPolicy) []any {
		return []any{o.Name, int64(len(o.Spec.Mutations)), paramKind(o.Spec.ParamKind), table.Age(o.CreationTimestamp)}
	},
})

func validateMutatingPolicy(o *admissionregistrationv1.MutatingAdmissionPolicy) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := meta.EnumOr(p.Child("failurePolicy"), s.FailurePolicy, admissionregistrationv1.Fail, admissionregistrationv1.Ignore)
	errs = append(errs, validateParamKind(s.ParamKind, p.Child("paramKind"))...)
	errs = append(errs, validateConstraints(s.MatchConstraints, p.Child("matchConstraints"))...)
	errs = append(errs, validateConditions(s.MatchConditions, p.Child("matchConditions"))...)
	errs = append(errs, validateVariables(s.Variables, p.Child("variables"))...)
	if len(s.Mutations) == 0 {
		errs = append(errs, field.Required(p.Child("mutations"), "mutations must contain at least one item"))
	}
	for i := range s.Mutations {
		errs = append(errs, validateMutation(&s.Mutations[i], p.Child("mutations").Index(i))...)
	}
	if r := s.ReinvocationPolicy; r != "" {
		errs = append(errs, meta.Enum(p.Child("reinvocationPolicy"), r,
			admissionregistrationv1.IfNeededReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy)...)
	}
	return errs
}

// validateMutation wants the expression of the one way to change objects that
// patchType names.
func validateMutation(m *admissionregistrationv1.Mutation, p *field.Path) field.ErrorList {
	apply, patch := p.Child("applyConfiguration"), p.Child("jsonPatch")
	var errs field.ErrorList
	switch m.PatchType {
	case admissionregistrationv1.PatchTypeApplyConfiguration:
		if m.ApplyConfiguration == nil {
			errs = append(errs, field.Required(apply, "must be specified when patchType is ApplyConfiguration"))
		} else {
			errs = append(errs, written(apply.Child("expression"), m.ApplyConfiguration.Expression, noExpression)...)
		}
		if m.JSONPatch != nil {
			errs = append(errs, field.Invalid(patch, "{jsonPatch}", "must not be specified when patchType is ApplyConfiguration"))
		}
	case admissionregistrationv1.PatchTypeJSONPatch:
		if m.JSONPatch == nil {
			errs = append(errs, field.Required(patch, "must be specified when patchType is JSONPatch"))
		} else {
			errs = append(errs, written(patch.Child("expression"), m.JSONPatch.Expression, noExpression)...)
		}
		if m.ApplyConfiguration != nil {
			errs = append(errs, field.Invalid(apply, "{applyConfiguration}", "must not be specified when patchType is JSONPatch"))
		}
	default:
		return meta.Enum(p.Child("patchType"), m.PatchType,
			admissionregistrationv1.PatchTypeApplyConfiguration, admissionregistrationv1.PatchTypeJSONPatch)
	}
	return errs
}
