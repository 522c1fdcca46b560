package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"skiff/internal/api"
)

// MutatingAdmissionPolicy changes objects by expressions.
var MutatingAdmissionPolicy = api.Define(api.Kind[*admissionregistrationv1.MutatingAdmissionPolicy]{
	GVK: gv.WithKind("MutatingAdmissionPolicy"), Plural: "mutatingadmissionpolicies", Prefix: "mutatingadmissionpolicies",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.MutatingAdmissionPolicy], NewList: api.NewList[admissionregistrationv1.MutatingAdmissionPolicyList],
	RequireResourceVersion: true,
	Spec:                   func(o *admissionregistrationv1.MutatingAdmissionPolicy) any { return o.Spec },
})
