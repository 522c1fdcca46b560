package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

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
		api.Status(func(dst, src *admissionregistrationv1.ValidatingAdmissionPolicy) { dst.Status = src.Status }),
	},

	Default: func(o *admissionregistrationv1.ValidatingAdmissionPolicy) {
		meta.FillPtr(&o.Spec.FailurePolicy, admissionregistrationv1.Fail)
		defaultMatch(o.Spec.MatchConstraints)
	},
	Columns: table.Of("Name", "Validations", "ParamKind", "Age").Integers("Validations"),
	Row: func(o *admissionregistrationv1.ValidatingAdmissionPolicy) []any {
		return []any{o.Name, int64(len(o.Spec.Validations)), paramKind(o.Spec.ParamKind), table.Age(o.CreationTimestamp)}
	},
})
