package admissionregistration

import (
	"reflect"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	webhookrules "k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/utils/ptr"

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
	reinvocation        *admissionregistrationv1.ReinvocationPolicyType // of those that change objects
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

// validateWebhooks judges the webhooks of one configuration, which had old
// before; a new one had none.
func validateWebhooks(webhooks, old []webhook) field.ErrorList {
	v := judging(webhooks, old)
	var errs field.ErrorList
	names := meta.Unique[string]{}
	for i, w := range webhooks {
		p := field.NewPath("webhooks").Index(i)
		errs = append(errs, v.validate(w, p)...)
		errs = append(errs, v.validateVersions(w.versions, p.Child("admissionReviewVersions"))...)
		if v.uniqueNames && w.name != "" {
			errs = append(errs, names.Check(p.Child("name"), w.name)...)
		}
	}
	return errs
}

// webhookRules are the rules of a configuration. Those that came after the kind
// do not hold for one that broke them before.
type webhookRules struct {
	sideEffects   []admissionregistrationv1.SideEffectClass // that a webhook may have
	knownVersion  bool                                      // one at least of its versions
	uniqueNames   bool
	selectors     metavalidation.LabelSelectorValidationOptions
	newConditions bool
	compiler      *compiler
}

func judging(webhooks, old []webhook) webhookRules {
	v := webhookRules{
		sideEffects:  []admissionregistrationv1.SideEffectClass{admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.SideEffectClassNoneOnDryRun},
		knownVersion: true, uniqueNames: true, newConditions: len(webhooks) != len(old),
	}
	if slices.ContainsFunc(old, func(w webhook) bool { return w.sideEffects == nil || !slices.Contains(v.sideEffects, *w.sideEffects) }) {
		v.sideEffects = append(v.sideEffects, admissionregistrationv1.SideEffectClassSome, admissionregistrationv1.SideEffectClassUnknown)
	}
	var stored []string
	names := map[string]bool{}
	for i, w := range old {
		v.knownVersion = v.knownVersion && (len(w.versions) == 0 || slices.ContainsFunc(w.versions, isReviewVersion))
		v.uniqueNames = v.uniqueNames && !names[w.name]
		names[w.name] = true
		if len(meta.Selector(nil, *w.namespaces))+len(meta.Selector(nil, *w.objects)) > 0 {
			v.selectors.AllowInvalidLabelValueInSelector = true
		}
		v.newConditions = v.newConditions || !reflect.DeepEqual(webhooks[i].conditions, w.conditions)
		stored = append(stored, conditionTexts(w.conditions)...)
	}
	v.compiler = newCompiler(false, false, stored)
	return v
}

func (v webhookRules) validate(w webhook, p *field.Path) field.ErrorList {
	errs := validation.IsFullyQualifiedName(p.Child("name"), w.name)
	for i := range w.rules {
		errs = append(errs, validateRule(&w.rules[i], p.Child("rules").Index(i))...)
	}
	errs = append(errs, meta.EnumOr(p.Child("failurePolicy"), *w.failure, admissionregistrationv1.Fail, admissionregistrationv1.Ignore)...)
	errs = append(errs, meta.EnumOr(p.Child("matchPolicy"), *w.match, admissionregistrationv1.Equivalent, admissionregistrationv1.Exact)...)
	if w.sideEffects == nil {
		errs = append(errs, field.Required(p.Child("sideEffects"), "must specify one of "+joined(v.sideEffects)))
	}
	errs = append(errs, meta.EnumOr(p.Child("sideEffects"), w.sideEffects, v.sideEffects...)...)
	if t := *w.timeout; t != nil && (*t < 1 || *t > maxTimeoutSeconds) {
		errs = append(errs, field.Invalid(p.Child("timeoutSeconds"), *t, "the timeout value must be between 1 and 30 seconds"))
	}
	errs = append(errs, metavalidation.ValidateLabelSelector(*w.namespaces, v.selectors, p.Child("namespaceSelector"))...)
	errs = append(errs, metavalidation.ValidateLabelSelector(*w.objects, v.selectors, p.Child("objectSelector"))...)
	errs = append(errs, meta.EnumOr(p.Child("reinvocationPolicy"), w.reinvocation,
		admissionregistrationv1.IfNeededReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy)...)
	errs = append(errs, validateClient(w.client, p.Child("clientConfig"))...)
	if v.newConditions {
		errs = append(errs, validateConditions(w.conditions, v.compiler, p.Child("matchConditions"))...)
	}
	return errs
}

func joined(classes []admissionregistrationv1.SideEffectClass) string {
	var texts []string
	for _, c := range classes {
		texts = append(texts, string(c))
	}
	return strings.Join(texts, ", ")
}

// reviewVersions are the versions of AdmissionReview that are spoken.
var reviewVersions = []string{"v1", "v1beta1"}

func isReviewVersion(v string) bool { return slices.Contains(reviewVersions, v) }

func (v webhookRules) validateVersions(versions []string, p *field.Path) field.ErrorList {
	if len(versions) == 0 {
		return field.ErrorList{field.Required(p, "must specify one of "+strings.Join(reviewVersions, ", "))}
	}
	var errs field.ErrorList
	for i, name := range versions {
		if slices.Contains(versions[:i], name) {
			errs = append(errs, field.Invalid(p.Index(i), name, "duplicate version"))
			continue
		}
		errs = append(errs, meta.Invalid(p.Index(i), name, validation.IsDNS1035Label(name))...)
	}
	if v.knownVersion && !slices.ContainsFunc(versions, isReviewVersion) {
		errs = append(errs, field.Invalid(p, versions, "must include at least one of "+strings.Join(reviewVersions, ", ")))
	}
	return errs
}

func validateClient(c *admissionregistrationv1.WebhookClientConfig, p *field.Path) field.ErrorList {
	switch {
	case (c.URL == nil) == (c.Service == nil):
		return field.ErrorList{field.Required(p, "exactly one of url or service is required")}
	case c.URL != nil:
		return webhookrules.ValidateWebhookURL(p.Child("url"), *c.URL, true)
	}
	// Name and namespace in this order: of one that is missing, clients know
	// the path of the other.
	return webhookrules.ValidateWebhookService(p.Child("service"), c.Service.Name, c.Service.Namespace, c.Service.Path, ptr.Deref(c.Service.Port, 0))
}
