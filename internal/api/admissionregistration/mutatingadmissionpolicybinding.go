package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// MutatingAdmissionPolicyBinding says where a MutatingAdmissionPolicy holds.
var MutatingAdmissionPolicyBinding = api.Define(api.Kind[*admissionregistrationv1.MutatingAdmissionPolicyBinding]{
	GVK: gv.WithKind("MutatingAdmissionPolicyBinding"), Plural: "mutatingadmissionpolicybindings", Prefix: "mutatingadmissionpolicybindings",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.MutatingAdmissionPolicyBinding], NewList: api.NewList[admissionregistrationv1.MutatingAdmissionPolicyBindingList],
	RequireResourceVersion: true,
	Spec:                   func(o *admissionregistrationv1.MutatingAdmissionPolicyBinding) any { return &o.Spec },

	Default: func(o *admissionregistrationv1.MutatingAdmissionPolicyBinding) {
		defaultMatch(o.Spec.MatchResources)
		defaultParamRef(o.Spec.ParamRef)
	},
	Validate: func(o *admissionregistrationv1.MutatingAdmissionPolicyBinding) field.ErrorList {
		errs := validateBinding(o.Spec.PolicyName, o.Spec.ParamRef, o.Spec.MatchResources)
		return append(errs, validateMutable(o.Spec.MatchResources, field.NewPath("spec", "matchResources"))...)
	},
	ValidateNew: func(o *admissionregistrationv1.MutatingAdmissionPolicyBinding) field.ErrorList {
		return validateReserved(o.Name)
	},
	UpdateWarnings: func(o, _ *admissionregistrationv1.MutatingAdmissionPolicyBinding) []string {
		return reservedWarnings(o.Name)
	},

	Columns: table.Of("Name", "PolicyName", "ParamRef", "Age").Docs(map[string]string{
		"PolicyName": "PolicyName indicates the policy definition which the policy binding binded to",
		"ParamRef":   "ParamRef indicates the param resource which sets the configration param",
	}),
	Row: func(o *admissionregistrationv1.MutatingAdmissionPolicyBinding) []any {
		return []any{o.Name, o.Spec.PolicyName, paramRef(o.Spec.ParamRef), table.Age(o.CreationTimestamp)}
	},
})
