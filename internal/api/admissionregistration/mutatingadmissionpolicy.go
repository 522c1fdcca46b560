package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

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
	Columns: table.Of("Name", "Mutations", "ParamKind", "Age").Integers("Mutations"),
	Row: func(o *admissionregistrationv1.MutatingAdmissionPolicy) []any {
		return []any{o.Name, int64(len(o.Spec.Mutations)), paramKind(o.Spec.ParamKind), table.Age(o.CreationTimestamp)}
	},
})
