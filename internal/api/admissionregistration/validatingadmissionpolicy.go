package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// ValidatingAdmissionPolicy refuses objects by expressions.
var ValidatingAdmissionPolicy = api.Define(api.Kind[*admissionregistrationv1.ValidatingAdmissionPolicy]{
	GVK: gv.WithKind("ValidatingAdmissionPolicy"), Plural: "validatingadmissionpolicies", Prefix: "validatingadmissionpolicies",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.ValidatingAdmissionPolicy], NewList: api.NewList[admissionregistrationv1.ValidatingAdmissionPolicyList],
	RequireResourceVersion: true,
	Spec:                   func(o *admissionregistrationv1.ValidatingAdmissionPolicy) any { return o.Spec },
	Parts: []api.PartOf[*admissionregistrationv1.ValidatingAdmissionPolicy]{
		api.Status(func(dst, src *admissionregistrationv1.ValidatingAdmissionPolicy) { dst.Status = src.Status }).
			Validated(func(o, _ *admissionregistrationv1.ValidatingAdmissionPolicy) field.ErrorList {
				return metavalidation.ValidateConditions(o.Status.Conditions, field.NewPath("status", "conditions"))
			}),
	},
	Validate: validateValidatingPolicy,

	Default: func(o *admissionregistrationv1.ValidatingAdmissionPolicy) {
		meta.FillPtr(&o.Spec.FailurePolicy, admissionregistrationv1.Fail)
		defaultMatch(o.Spec.MatchConstraints)
	},
	Columns: table.Of("Name", "Validations", "ParamKind", "Age").Integers("Validations").Docs(map[string]string{
		"Validations": "Validations indicates the number of validation rules defined in this configuration",
		"ParamKind":   "ParamKind specifies the kind of resources used to parameterize this policy",
	}),
	Row: func(o *admissionregistrationv1.ValidatingAdmissionPolicy) []any {
		return []any{o.Name, int64(len(o.Spec.Validations)), paramKind(o.Spec.ParamKind), table.Age(o.CreationTimestamp)}
	},
})

func validateValidatingPolicy(o *admissionregistrationv1.ValidatingAdmissionPolicy) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := meta.EnumOr(p.Child("failurePolicy"), s.FailurePolicy, admissionregistrationv1.Fail, admissionregistrationv1.Ignore)
	errs = append(errs, validateParamKind(s.ParamKind, p.Child("paramKind"))...)
	errs = append(errs, validateConstraints(s.MatchConstraints, p.Child("matchConstraints"))...)
	errs = append(errs, validateConditions(s.MatchConditions, p.Child("matchConditions"))...)
	errs = append(errs, validateVariables(s.Variables, p.Child("variables"))...)
	if len(s.Validations)+len(s.AuditAnnotations) == 0 {
		const none = "validations or auditAnnotations must contain at least one item"
		return append(errs, field.Required(p.Child("validations"), none), field.Required(p.Child("auditAnnotations"), none))
	}
	for i := range s.Validations {
		errs = append(errs, validateValidation(&s.Validations[i], p.Child("validations").Index(i))...)
	}
	return append(errs, validateAudits(o.Name, s.AuditAnnotations, p.Child("auditAnnotations"))...)
}
