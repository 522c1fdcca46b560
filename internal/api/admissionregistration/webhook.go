package admissionregistration

import (
	"net/url"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// webhook is what webhooks of both kinds have: pointers into either.
type webhook struct {
	name                string
	client              *admissionregistrationv1.WebhookClientConfig
	rules               []admissionregistrationv1.RuleWithOperations
	versions            []string
	conditions          []admissionregistrationv1.MatchCondition
	failure             **admissionregistrationv1.FailurePolicyType
	match               **admissionregistrationv1.MatchPolicyType
	namespaces, objects **metav1.LabelSelector
	sideEffects         *admissionregistrationv1.SideEffectClass
	timeout             **int32
}

const (
	timeoutSeconds    = 10
	maxTimeoutSeconds = 30
	httpsPort         = 443
)

func (w webhook) defaults() {
	meta.FillPtr(w.failure, admissionregistrationv1.Fail)
	meta.FillPtr(w.match, admissionregistrationv1.Equivalent)
	meta.FillPtr(w.namespaces, metav1.LabelSelector{})
	meta.FillPtr(w.objects, metav1.LabelSelector{})
	meta.FillPtr(w.timeout, timeoutSeconds)
	if s := w.client.Service; s != nil {
		meta.FillPtr(&s.Port, httpsPort)
	}
	for i := range w.rules {
		meta.FillPtr(&w.rules[i].Scope, admissionregistrationv1.AllScopes)
	}
}

// webhooks judges the webhooks of one configuration; their names differ.
type webhooks struct{ names meta.Unique[string] }

func newWebhooks() webhooks { return webhooks{names: meta.Unique[string]{}} }

// reviewVersions are the versions of AdmissionReview that are spoken.
var reviewVersions = []string{"v1", "v1beta1"}

func (v webhooks) validate(w webhook, p *field.Path) field.ErrorList {
	errs := validation.IsFullyQualifiedName(p.Child("name"), w.name)
	errs = append(errs, v.names.Check(p.Child("name"), w.name)...)
	errs = append(errs, meta.EnumOr(p.Child("failurePolicy"), *w.failure, admissionregistrationv1.Fail, admissionregistrationv1.Ignore)...)
	errs = append(errs, meta.EnumOr(p.Child("matchPolicy"), *w.match, admissionregistrationv1.Equivalent, admissionregistrationv1.Exact)...)
	if w.sideEffects == nil {
		errs = append(errs, field.Required(p.Child("sideEffects"), "must specify one of None, NoneOnDryRun"))
	}
	errs = append(errs, meta.EnumOr(p.Child("sideEffects"), w.sideEffects,
		admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.SideEffectClassNoneOnDryRun)...)
	if t := *w.timeout; t != nil && (*t < 1 || *t > maxTimeoutSeconds) {
		errs = append(errs, field.Invalid(p.Child("timeoutSeconds"), *t, "the timeout value must be between 1 and 30 seconds"))
	}
	errs = append(errs, meta.Selector(p.Child("namespaceSelector"), *w.namespaces)...)
	errs = append(errs, meta.Selector(p.Child("objectSelector"), *w.objects)...)
	errs = append(errs, validateConditions(w.conditions, p.Child("matchConditions"))...)
	errs = append(errs, validateVersions(w.versions, p.Child("admissionReviewVersions"))...)
	for i := range w.rules {
		errs = append(errs, validateWebhookRule(&w.rules[i], p.Child("rules").Index(i))...)
	}
	return append(errs, validateClient(w.client, p.Child("clientConfig"))...)
}

func validateVersions(versions []string, p *field.Path) field.ErrorList {
	if len(versions) == 0 {
		return field.ErrorList{field.Required(p, "must specify one of "+strings.Join(reviewVersions, ", "))}
	}
	for _, v := range versions {
		if slices.Contains(reviewVersions, v) {
			return nil
		}
	}
	return field.ErrorList{field.Invalid(p, versions, "must include at least one of "+strings.Join(reviewVersions, ", "))}
}

func validateWebhookRule(r *admissionregistrationv1.RuleWithOperations, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(r.Operations) == 0 {
		errs = append(errs, field.Required(p.Child("operations"), ""))
	}
	for i, o := range r.Operations {
		errs = append(errs, meta.Enum(p.Child("operations").Index(i), o, admissionregistrationv1.OperationAll, admissionregistrationv1.Connect,
			admissionregistrationv1.Create, admissionregistrationv1.Delete, admissionregistrationv1.Update)...)
	}
	for _, f := range []struct {
		name   string
		values []string
	}{{"apiGroups", r.APIGroups}, {"apiVersions", r.APIVersions}, {"resources", r.Resources}} {
		switch {
		case len(f.values) == 0:
			errs = append(errs, field.Required(p.Child(f.name), ""))
		case len(f.values) > 1 && slices.Contains(f.values, "*"):
			errs = append(errs, field.Invalid(p.Child(f.name), f.values, "if '*' is present, must not specify other values"))
		}
	}
	return append(errs, meta.EnumOr(p.Child("scope"), r.Scope, admissionregistrationv1.AllScopes,
		admissionregistrationv1.ClusterScope, admissionregistrationv1.NamespacedScope)...)
}

func validateClient(c *admissionregistrationv1.WebhookClientConfig, p *field.Path) field.ErrorList {
	switch {
	case (c.URL == nil) == (c.Service == nil):
		return field.ErrorList{field.Required(p, "exactly one of url or service is required")}
	case c.URL != nil:
		u, err := url.Parse(*c.URL)
		switch up := p.Child("url"); {
		case err != nil:
			return field.ErrorList{field.Required(up, "url must be a valid URL: "+err.Error()+"; desired format: https://host[/path]")}
		case u.Scheme != "https":
			return field.ErrorList{field.Invalid(up, u.Scheme, "'https' is the only allowed URL scheme; desired format: https://host[/path]")}
		case u.Host == "":
			return field.ErrorList{field.Invalid(up, u.Host, "host must be specified; desired format: https://host[/path]")}
		}
		return nil
	}
	sp := p.Child("service")
	errs := meta.Required(sp.Child("name"), c.Service.Name, nil)
	errs = append(errs, meta.Required(sp.Child("namespace"), c.Service.Namespace, nil)...)
	if c.Service.Port != nil {
		errs = append(errs, meta.Port(sp.Child("port"), *c.Service.Port)...)
	}
	return errs
}
