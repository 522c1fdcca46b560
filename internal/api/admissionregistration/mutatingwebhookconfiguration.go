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
		for i := range o.Webhooks {
			w := &o.Webhooks[i]
			webhookOfMutating(w).defaults()
			meta.FillPtr(&w.ReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy)
		}
	},
	Validate: func(o *admissionregistrationv1.MutatingWebhookConfiguration) field.ErrorList {
		v := newWebhooks()
		var errs field.ErrorList
		for i := range o.Webhooks {
			w := &o.Webhooks[i]
			errs = append(errs, v.validate(webhookOfMutating(w), field.NewPath("webhooks").Index(i))...)
			errs = append(errs, meta.EnumOr(field.NewPath("webhooks").Index(i).Child("reinvocationPolicy"), w.ReinvocationPolicy,
				admissionregistrationv1.NeverReinvocationPolicy, admissionregistrationv1.IfNeededReinvocationPolicy)...)
		}
		return errs
	},
	Spec: func(o *admissionregistrationv1.MutatingWebhookConfiguration) any { return o.Webhooks },

	Columns: table.Of("Name", "Webhooks", "Age").Integers("Webhooks").
		Docs(map[string]string{"Webhooks": "Webhooks indicates the number of webhooks registered in this configuration"}),
	Row: func(o *admissionregistrationv1.MutatingWebhookConfiguration) []any {
		return []any{o.Name, int64(len(o.Webhooks)), table.Age(o.CreationTimestamp)}
	},
})

func webhookOfMutating(w *admissionregistrationv1.MutatingWebhook) webhook {
	return webhook{
		name: w.Name, client: &w.ClientConfig, rules: w.Rules, versions: w.AdmissionReviewVersions, conditions: w.MatchConditions,
		failure: &w.FailurePolicy, match: &w.MatchPolicy, namespaces: &w.NamespaceSelector, objects: &w.ObjectSelector,
		sideEffects: w.SideEffects, timeout: &w.TimeoutSeconds,
	}
}
