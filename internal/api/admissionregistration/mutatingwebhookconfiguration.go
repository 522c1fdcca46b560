package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"skiff/internal/api"
)

// MutatingWebhookConfiguration lists webhooks that change objects.
var MutatingWebhookConfiguration = api.Define(api.Kind[*admissionregistrationv1.MutatingWebhookConfiguration]{
	GVK: gv.WithKind("MutatingWebhookConfiguration"), Plural: "mutatingwebhookconfigurations", Prefix: "mutatingwebhookconfigurations",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.MutatingWebhookConfiguration], NewList: api.NewList[admissionregistrationv1.MutatingWebhookConfigurationList],
	RequireResourceVersion: true,
})
