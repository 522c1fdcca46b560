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
		for i := range o.Webhooks {
			w := &o.Webhooks[i]
			webhookOfValidating(w).defaults()
		}
	},
	Validate: func(o *admissionregistrationv1.ValidatingWebhookConfiguration) field.ErrorList {
		v := newWebhooks()
		var errs field.ErrorList
		for i := range o.Webhooks {
			w := &o.Webhooks[i]
			errs = append(errs, v.validate(webhookOfValidating(w), field.NewPath("webhooks").Index(i))...)
		}
		return errs
	},
	Spec: func(o *admissionregistrationv1.ValidatingWebhookConfiguration) any { return o.Webhooks },

	Columns: table.Of("Name", "Webhooks", "Age").Integers("Webhooks").
		Docs(map[string]string{"Webhooks": "Webhooks indicates the number of webhooks registered in this configuration"}),
	Row: func(o *admissionregistrationv1.ValidatingWebhookConfiguration) []any {
		return []any{o.Name, int64(len(o.Webhooks)), table.Age(o.CreationTimestamp)}
	},
})

func webhookOfValidating(w *admissionregistrationv1.ValidatingWebhook) webhook {
	return webhook{
		name: w.Name, client: &w.ClientConfig, rules: w.Rules, versions: w.AdmissionReviewVersions, conditions: w.MatchConditions,
		failure: &w.FailurePolicy, match: &w.MatchPolicy, namespaces: &w.NamespaceSelector, objects: &w.ObjectSelector,
		sideEffects: w.SideEffects, timeout: &w.TimeoutSeconds,
	}
}
