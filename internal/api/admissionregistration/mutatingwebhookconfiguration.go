package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// MutatingWebhookConfiguration lists webhooks that change objects.
var MutatingWebhookConfiguration = api.Define(api.Kind[*admissionregistrationv1.MutatingWebhookConfiguration]{
	GVK: gv.WithKind("MutatingWebhookConfiguration"), Plural: "mutatingwebhookconfigurations", Prefix: "mutatingwebhookconfigurations",
	Categories: []string{"api-extensions"},
	New:        api.New[admissionregistrationv1.MutatingWebhookConfiguration], NewList: api.NewList[admissionregistrationv1.MutatingWebhookConfigurationList],
	RequireResourceVersion: true,

	Default: func(o *admissionregistrationv1.MutatingWebhookConfiguration) {
		for _, w := range mutatingWebhooks(o) {
			w.defaults()
		}
		for i := range o.Webhooks {
			meta.FillPtr(&o.Webhooks[i].ReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy)
		}
	},
	ValidateNew: func(o *admissionregistrationv1.MutatingWebhookConfiguration) field.ErrorList {
		return append(validateWebhooks(mutatingWebhooks(o), nil), validateReserved(o.Name)...)
	},
	ValidateUpdate: func(o, old *admissionregistrationv1.MutatingWebhookConfiguration) field.ErrorList {
		return validateWebhooks(mutatingWebhooks(o), mutatingWebhooks(old))
	},
	Warnings: func(o *admissionregistrationv1.MutatingWebhookConfiguration) []string {
		return excludedWarnings(mutatingWebhooks(o))
	},
	UpdateWarnings: func(o, _ *admissionregistrationv1.MutatingWebhookConfiguration) []string {
		return append(reservedWarnings(o.Name), excludedWarnings(mutatingWebhooks(o))...)
	},
	Spec: func(o *admissionregistrationv1.MutatingWebhookConfiguration) any { return o.Webhooks },

	Columns: table.Of("Name", "Webhooks", "Age").Integers("Webhooks").
		Docs(map[string]string{"Webhooks": "Webhooks indicates the number of webhooks registered in this configuration"}),
	Row: func(o *admissionregistrationv1.MutatingWebhookConfiguration) []any {
		return []any{o.Name, int64(len(o.Webhooks)), table.Age(o.CreationTimestamp)}
	},
})

func mutatingWebhooks(o *admissionregistrationv1.MutatingWebhookConfiguration) []webhook {
	var all []webhook
	for i := range o.Webhooks {
		w := &o.Webhooks[i]
		all = append(all, webhook{
			name: w.Name, client: &w.ClientConfig, rules: w.Rules, versions: w.AdmissionReviewVersions, conditions: w.MatchConditions,
			failure: &w.FailurePolicy, match: &w.MatchPolicy, namespaces: &w.NamespaceSelector, objects: &w.ObjectSelector,
			sideEffects: w.SideEffects, timeout: &w.TimeoutSeconds, reinvocation: w.ReinvocationPolicy,
		})
	}
	return all
}
