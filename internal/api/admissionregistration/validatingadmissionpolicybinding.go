package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// ValidatingAdmissionPolicyBinding says where a ValidatingAdmissionPolicy holds.
var ValidatingAdmissionPolicyBinding = api.Define(api.Kind[*admissionregistrationv1.ValidatingAdmissionPolicyBinding]{
	GVK: gv.WithKind("ValidatingAdmissionPolicyBinding"), Plural: "validatingadmissionpolicybindings", Prefix: "validatingadmissionpolicybindings",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.ValidatingAdmissionPolicyBinding], NewList: api.NewList[admissionregistrationv1.ValidatingAdmissionPolicyBindingList],
	RequireResourceVersion: true,
	Spec:                   func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) any { return o.Spec },

	Default: func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) { defaultMatch(o.Spec.MatchResources) },
	Columns: table.Of("Name", "PolicyName", "ParamRef", "Age"),
	Row: func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) []any {
		return []any{o.Name, o.Spec.PolicyName, paramRef(o.Spec.ParamRef), table.Age(o.CreationTimestamp)}
	},
})
