package admissionregistration

import (
	"fmt"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/util/jsonpath"

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
	Spec:                   func(o *admissionregistrationv1.ValidatingAdmissionPolicy) any { return &o.Spec },
	Parts: []api.PartOf[*admissionregistrationv1.ValidatingAdmissionPolicy]{
		api.StatusOnly(func(dst, src *admissionregistrationv1.ValidatingAdmissionPolicy) { dst.Status = src.Status }).
			Validated(func(o, _ *admissionregistrationv1.ValidatingAdmissionPolicy) field.ErrorList {
				return validatePolicyStatus(&o.Status, field.NewPath("status"))
			}),
	},

	ValidateNew: func(o *admissionregistrationv1.ValidatingAdmissionPolicy) field.ErrorList {
		return append(validateValidatingPolicy(o, &admissionregistrationv1.ValidatingAdmissionPolicySpec{}), validateReserved(o.Name)...)
	},
	ValidateUpdate: func(o, old *admissionregistrationv1.ValidatingAdmissionPolicy) field.ErrorList {
		return validateValidatingPolicy(o, &old.Spec)
	},
	UpdateWarnings: func(o, _ *admissionregistrationv1.ValidatingAdmissionPolicy) []string {
		return reservedWarnings(o.Name)
	},

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

// validateValidatingPolicy judges a policy that was old before, or nothing.
func validateValidatingPolicy(o *admissionregistrationv1.ValidatingAdmissionPolicy, old *admissionregistrationv1.ValidatingAdmissionPolicySpec) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	by := newCompiler(s.ParamKind != nil, len(s.Variables) > 0, validatingTexts(old))
	errs := meta.EnumOr(p.Child("failurePolicy"), s.FailurePolicy, admissionregistrationv1.Fail, admissionregistrationv1.Ignore)
	errs = append(errs, validateParamKind(s.ParamKind, p.Child("paramKind"))...)
	errs = append(errs, validateConstraints(s.MatchConstraints, p.Child("matchConstraints"))...)
	if !equality.Semantic.DeepEqual(s.ParamKind, old.ParamKind) || !equality.Semantic.DeepEqual(s.MatchConditions, old.MatchConditions) {
		errs = append(errs, validateConditions(s.MatchConditions, by, p.Child("matchConditions"))...)
	}
	errs = append(errs, validateVariables(s.Variables, by, p.Child("variables"))...)
	if len(s.Validations)+len(s.AuditAnnotations) == 0 {
		const none = "validations or auditAnnotations must contain at least one item"
		return append(errs, field.Required(p.Child("validations"), none), field.Required(p.Child("auditAnnotations"), none))
	}
	for i := range s.Validations {
		errs = append(errs, validateValidation(&s.Validations[i], by, p.Child("validations").Index(i))...)
	}
	return append(errs, validateAudits(o.Name, s.AuditAnnotations, by, p.Child("auditAnnotations"))...)
}

func validatingTexts(s *admissionregistrationv1.ValidatingAdmissionPolicySpec) []string {
	texts := append(conditionTexts(s.MatchConditions), variableTexts(s.Variables)...)
	for _, v := range s.Validations {
		texts = append(texts, v.Expression, v.MessageExpression)
	}
	for _, a := range s.AuditAnnotations {
		texts = append(texts, strings.TrimSpace(a.ValueExpression))
	}
	return texts
}

// validatePolicyStatus judges what a controller found out about a policy.
func validatePolicyStatus(s *admissionregistrationv1.ValidatingAdmissionPolicyStatus, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c := s.TypeChecking; c != nil {
		for i, w := range c.ExpressionWarnings {
			wp := p.Child("typeChecking", "expressionWarnings").Index(i)
			errs = append(errs, meta.Required(wp.Child("warning"), w.Warning, nil)...)
			errs = append(errs, validateFieldRef(strings.TrimSpace(w.FieldRef), wp.Child("fieldRef"))...)
		}
	}
	return append(errs, metavalidation.ValidateConditions(s.Conditions, p.Child("conditions"))...)
}

func validateFieldRef(ref string, p *field.Path) field.ErrorList {
	if ref == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	if err := jsonpath.New("spec").Parse("{" + ref + "}"); err != nil {
		return field.ErrorList{field.Invalid(p, ref, fmt.Sprintf("invalid JSONPath: %v", err))}
	}
	return nil
}
