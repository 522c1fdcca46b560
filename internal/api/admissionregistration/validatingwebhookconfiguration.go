package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"skiff/internal/api"
)

// ValidatingWebhookConfiguration lists webhooks that refuse objects.
var ValidatingWebhookConfiguration = api.Define(api.Kind[*admissionregistrationv1.ValidatingWebhookConfiguration]{
	GVK: gv.WithKind("ValidatingWebhookConfiguration"), Plural: "validatingwebhookconfigurations", Prefix: "validatingwebhookconfigurations",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.ValidatingWebhookConfiguration], NewList: api.NewList[admissionregistrationv1.ValidatingWebhookConfigurationList],
	RequireResourceVersion: true,
})
