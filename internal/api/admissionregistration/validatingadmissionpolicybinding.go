package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// ValidatingAdmissionPolicyBinding says where a ValidatingAdmissionPolicy holds.
var ValidatingAdmissionPolicyBinding = api.Define(api.Kind[*admissionregistrationv1.ValidatingAdmissionPolicyBinding]{
	GVK: gv.WithKind("ValidatingAdmissionPolicyBinding"), Plural: "validatingadmissionpolicybindings", Prefix: "validatingadmissionpolicybindings",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.ValidatingAdmissionPolicyBinding], NewList: api.NewList[admissionregistrationv1.ValidatingAdmissionPolicyBindingList],
	RequireResourceVersion: true,
	Spec:                   func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) any { return &o.Spec },

	Default: func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) {
		defaultMatch(o.Spec.MatchResources)
		defaultParamRef(o.Spec.ParamRef)
	},
	Validate: func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) field.ErrorList {
		errs := validateBinding(o.Spec.PolicyName, o.Spec.ParamRef, o.Spec.MatchResources)
		return append(errs, validateActions(o.Spec.ValidationActions, field.NewPath("spec", "validationActions"))...)
	},
	ValidateNew: func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) field.ErrorList {
		return validateReserved(o.Name)
	},
	UpdateWarnings: func(o, _ *admissionregistrationv1.ValidatingAdmissionPolicyBinding) []string {
		return reservedWarnings(o.Name)
	},

	Columns: table.Of("Name", "PolicyName", "ParamRef", "Age").Docs(map[string]string{
		"PolicyName": "PolicyName indicates the policy definition which the policy binding binded to",
		"ParamRef":   "ParamRef indicates the param resource which sets the configration param",
	}),
	Row: func(o *admissionregistrationv1.ValidatingAdmissionPolicyBinding) []any {
		return []any{o.Name, o.Spec.PolicyName, paramRef(o.Spec.ParamRef), table.Age(o.CreationTimestamp)}
	},
})
