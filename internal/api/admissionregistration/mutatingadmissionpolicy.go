package admissionregistration

import (
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
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
	Spec:                   func(o *admissionregistrationv1.MutatingAdmissionPolicy) any { return &o.Spec },

	Default: func(o *admissionregistrationv1.MutatingAdmissionPolicy) {
		meta.FillPtr(&o.Spec.FailurePolicy, admissionregistrationv1.Fail)
		defaultMatch(o.Spec.MatchConstraints)
	},
	ValidateNew: func(o *admissionregistrationv1.MutatingAdmissionPolicy) field.ErrorList {
		return append(validateMutatingPolicy(&o.Spec, &admissionregistrationv1.MutatingAdmissionPolicySpec{}), validateReserved(o.Name)...)
	},
	ValidateUpdate: func(o, old *admissionregistrationv1.MutatingAdmissionPolicy) field.ErrorList {
		return validateMutatingPolicy(&o.Spec, &old.Spec)
	},
	UpdateWarnings: func(o, _ *admissionregistrationv1.MutatingAdmissionPolicy) []string { return reservedWarnings(o.Name) },
	Columns: table.Of("Name", "Mutations", "ParamKind", "Age").Integers("Mutations").Docs(map[string]string{
		"Mutations": "Mutation indicates the number of mutations rules defined in this configuration",
		"ParamKind": "ParamKind specifies the kind of resources used to parameterize this policy",
	}),
	Row: func(o *admissionregistrationv1.MutatingAdmissionPolicy) []any {
		return []any{o.Name, int64(len(o.Spec.Mutations)), paramKind(o.Spec.ParamKind), table.Age(o.CreationTimestamp)}
	},
})

// validateMutatingPolicy judges a policy that was old before, or nothing.
func validateMutatingPolicy(s, old *admissionregistrationv1.MutatingAdmissionPolicySpec) field.ErrorList {
	p := field.NewPath("spec")
	by := newCompiler(s.ParamKind != nil, true, mutatingTexts(old))
	errs := meta.EnumOr(p.Child("failurePolicy"), s.FailurePolicy, admissionregistrationv1.Fail, admissionregistrationv1.Ignore)
	errs = append(errs, validateParamKind(s.ParamKind, p.Child("paramKind"))...)
	errs = append(errs, validateConstraints(s.MatchConstraints, p.Child("matchConstraints"))...)
	errs = append(errs, validateMutable(s.MatchConstraints, p.Child("matchConstraints"))...)
	if !equality.Semantic.DeepEqual(s.ParamKind, old.ParamKind) || !equality.Semantic.DeepEqual(s.MatchConditions, old.MatchConditions) {
		errs = append(errs, validateConditions(s.MatchConditions, by, p.Child("matchConditions"))...)
	}
	errs = append(errs, validateVariables(s.Variables, by, p.Child("variables"))...)
	if len(s.Mutations) == 0 {
		errs = append(errs, field.Required(p.Child("mutations"), "mutations must contain at least one item"))
	}
	for i := range s.Mutations {
		errs = append(errs, validateMutation(&s.Mutations[i], by, p.Child("mutations").Index(i))...)
	}
	return append(errs, meta.Enum(p.Child("reinvocationPolicy"), s.ReinvocationPolicy,
		admissionregistrationv1.IfNeededReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy)...)
}

func mutatingTexts(s *admissionregistrationv1.MutatingAdmissionPolicySpec) []string {
	texts := append(conditionTexts(s.MatchConditions), variableTexts(s.Variables)...)
	for _, m := range s.Mutations {
		if m.ApplyConfiguration != nil {
			texts = append(texts, strings.TrimSpace(m.ApplyConfiguration.Expression))
		}
		if m.JSONPatch != nil {
			texts = append(texts, strings.TrimSpace(m.JSONPatch.Expression))
		}
	}
	return texts
}

// validateMutation wants the expression of the one way to change objects that
// patchType names.
func validateMutation(m *admissionregistrationv1.Mutation, by *compiler, p *field.Path) field.ErrorList {
	const required, excluded = "must be specified when patchType is ", "must not be specified when patchType is "
	apply, patch := p.Child("applyConfiguration"), p.Child("jsonPatch")
	var errs field.ErrorList
	switch m.PatchType {
	case admissionregistrationv1.PatchTypeApplyConfiguration:
		if m.ApplyConfiguration == nil {
			errs = append(errs, field.Required(apply, required+"ApplyConfiguration"))
		} else {
			errs = append(errs, validatePatch(applyConfiguration(m.ApplyConfiguration.Expression), by, apply.Child("expression"))...)
		}
		if m.JSONPatch != nil {
			errs = append(errs, field.Invalid(patch, "{jsonPatch}", excluded+"ApplyConfiguration"))
		}
	case admissionregistrationv1.PatchTypeJSONPatch:
		if m.JSONPatch == nil {
			errs = append(errs, field.Required(patch, required+"JSONPatch"))
		} else {
			errs = append(errs, validatePatch(jsonPatch(m.JSONPatch.Expression), by, patch.Child("expression"))...)
		}
		if m.ApplyConfiguration != nil {
			errs = append(errs, field.Invalid(apply, "{applyConfiguration}", excluded+"JSONPatch"))
		}
	default:
		return meta.Enum(p.Child("patchType"), m.PatchType,
			admissionregistrationv1.PatchTypeApplyConfiguration, admissionregistrationv1.PatchTypeJSONPatch)
	}
	return errs
}

func validatePatch(e expression, by *compiler, p *field.Path) field.ErrorList {
	if e.text = strings.TrimSpace(e.text); e.text == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	return by.check(p, e, withAuthorizer|withPatches)
}
