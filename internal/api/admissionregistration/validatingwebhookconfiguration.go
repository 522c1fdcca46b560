package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// ValidatingWebhookConfiguration lists webhooks that refuse objects.
var ValidatingWebhookConfiguration = api.Define(api.Kind[*admissionregistrationv1.ValidatingWebhookConfiguration]{
	GVK: gv.WithKind("ValidatingWebhookConfiguration"), Plural: "validatingwebhookconfigurations", Prefix: "validatingwebhookconfigurations",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.ValidatingWebhookConfiguration], NewList: api.NewList[admissionregistrationv1.ValidatingWebhookConfigurationList],
	RequireResourceVersion: true,

	Default: func(o *admissionregistrationv1.ValidatingWebhookConfiguration) {
		for _, w := range validatingWebhooks(o) {
			w.defaults()
		}
	},
	ValidateNew: func(o *admissionregistrationv1.ValidatingWebhookConfiguration) field.ErrorList {
		return append(validateWebhooks(validatingWebhooks(o), nil), validateReserved(o.Name)...)
	},
	ValidateUpdate: func(o, old *admissionregistrationv1.ValidatingWebhookConfiguration) field.ErrorList {
		return validateWebhooks(validatingWebhooks(o), validatingWebhooks(old))
	},
	Warnings: func(o *admissionregistrationv1.ValidatingWebhookConfiguration) []string {
		return excludedWarnings(validatingWebhooks(o))
	},
	UpdateWarnings: func(o, _ *admissionregistrationv1.ValidatingWebhookConfiguration) []string {
		return append(reservedWarnings(o.Name), excludedWarnings(validatingWebhooks(o))...)
	},
	Spec: func(o *admissionregistrationv1.ValidatingWebhookConfiguration) any { return o.Webhooks },

	Columns: table.Of("Name", "Webhooks", "Age").Integers("Webhooks").
		Docs(map[string]string{"Webhooks": "Webhooks indicates the number of webhooks registered in this configuration"}),
	Row: func(o *admissionregistrationv1.ValidatingWebhookConfiguration) []any {
		return []any{o.Name, int64(len(o.Webhooks)), table.Age(o.CreationTimestamp)}
	},
})

func validatingWebhooks(o *admissionregistrationv1.ValidatingWebhookConfiguration) []webhook {
	var all []webhook
	for i := range o.Webhooks {
		w := &o.Webhooks[i]
		all = append(all, webhook{
			name: w.Name, client: &w.ClientConfig, rules: w.Rules, versions: w.AdmissionReviewVersions, conditions: w.MatchConditions,
			failure: &w.FailurePolicy, match: &w.MatchPolicy, namespaces: &w.NamespaceSelector, objects: &w.ObjectSelector,
			sideEffects: w.SideEffects, timeout: &w.TimeoutSeconds,
		})
	}
	return all
}
