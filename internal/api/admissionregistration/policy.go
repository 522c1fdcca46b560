package admissionregistration

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateParamKind judges the kind of a policy's parameters.
func validateParamKind(k *admissionregistrationv1.ParamKind, p *field.Path) field.ErrorList {
	if k == nil {
		return nil
	}
	errs := validateGroupVersion(k.APIVersion, p.Child("apiVersion"))
	if k.Kind == "" {
		return append(errs, field.Required(p.Child("kind"), ""))
	}
	if why := validation.IsDNS1035Label(strings.ToLower(k.Kind)); len(why) > 0 {
		errs = append(errs, field.Invalid(p.Child("kind"), k.Kind, "may have mixed case, but should otherwise match: "+strings.Join(why, ",")))
	}
	return errs
}

func validateGroupVersion(gv string, p *field.Path) field.ErrorList {
	group, version, qualified := strings.Cut(gv, "/")
	switch {
	case gv == "":
		return field.ErrorList{field.Required(p, "")}
	case strings.Contains(version, "/"):
		return field.ErrorList{field.Invalid(p, gv, "unexpected GroupVersion string: "+gv)}
	case !qualified:
		group, version = "", gv
	}
	var errs field.ErrorList
	if why := validation.IsDNS1123Subdomain(group); group != "" && len(why) > 0 {
		errs = append(errs, field.Invalid(p, group, strings.Join(why, ",")))
	}
	if version == "" {
		return append(errs, field.Invalid(p, gv, "version must be specified"))
	}
	if why := validation.IsDNS1035Label(version); len(why) > 0 {
		errs = append(errs, field.Invalid(p, version, strings.Join(why, ",")))
	}
	return errs
}

// validateConstraints judges which objects a policy is about; it must be about
// some.
func validateConstraints(m *admissionregistrationv1.MatchResources, p *field.Path) field.ErrorList {
	if m == nil {
		return field.ErrorList{field.Required(p, "")}
	}
	errs := validateMatch(m, p)
	if len(m.ResourceRules) == 0 {
		errs = append(errs, field.Required(p.Child("resourceRules"), ""))
	}
	return errs
}

func validateMatch(m *admissionregistrationv1.MatchResources, p *field.Path) field.ErrorList {
	if m == nil {
		return nil
	}
	errs := meta.EnumOr(p.Child("matchPolicy"), m.MatchPolicy, admissionregistrationv1.Equivalent, admissionregistrationv1.Exact)
	errs = append(errs, meta.Selector(p.Child("namespaceSelector"), m.NamespaceSelector)...)
	errs = append(errs, meta.Selector(p.Child("objectSelector"), m.ObjectSelector)...)
	for i := range m.ResourceRules {
		errs = append(errs, validateNamedRule(&m.ResourceRules[i], p.Child("resourceRules").Index(i))...)
	}
	for i := range m.ExcludeResourceRules {
		errs = append(errs, validateNamedRule(&m.ExcludeResourceRules[i], p.Child("excludeResourceRules").Index(i))...)
	}
	return errs
}

func validateNamedRule(r *admissionregistrationv1.NamedRuleWithOperations, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := meta.Unique[string]{}
	for i, n := range r.ResourceNames {
		np := p.Child("resourceNames").Index(i)
		errs = append(errs, meta.Invalid(np, n, meta.PathSegment(n, false))...)
		errs = append(errs, names.Check(np, n)...)
	}
	return append(errs, validateWebhookRule(&r.RuleWithOperations, p)...)
}

const maxConditions = 64

// validateConditions judges the conditions of a policy or webhook. What their
// expressions mean is not judged here.
func validateConditions(conditions []admissionregistrationv1.MatchCondition, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(conditions) > maxConditions {
		errs = append(errs, field.TooMany(p, len(conditions), maxConditions))
	}
	names := meta.Unique[string]{}
	for i, c := range conditions {
		cp := p.Index(i)
		errs = append(errs, written(cp.Child("expression"), c.Expression, "")...)
		errs = append(errs, meta.Required(cp.Child("name"), c.Name, validation.IsQualifiedName)...)
		if c.Name != "" {
			errs = append(errs, names.Check(cp.Child("name"), c.Name)...)
		}
	}
	return errs
}

// written wants more than blanks.
func written(p *field.Path, text, why string) field.ErrorList {
	if strings.TrimSpace(text) == "" {
		return field.ErrorList{field.Required(p, why)}
	}
	return nil
}

const noExpression = "expression is not specified"

var (
	celName     = regexp.MustCompile("^[_a-zA-Z][_a-zA-Z0-9]*$")
	celReserved = strings.Fields("true false null in as break const continue else for function if import let loop package namespace return var void while")
)

func validateVariables(variables []admissionregistrationv1.Variable, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, v := range variables {
		np := p.Index(i).Child("name")
		switch {
		case strings.TrimSpace(v.Name) == "":
			errs = append(errs, field.Required(np, "name is not specified"))
		case !celName.MatchString(v.Name) || slices.Contains(celReserved, v.Name):
			errs = append(errs, field.Invalid(np, v.Name, "name is not a valid CEL identifier"))
		}
		errs = append(errs, written(p.Index(i).Child("expression"), v.Expression, noExpression)...)
	}
	return errs
}

// reasons are those that a refusal may have.
var reasons = []metav1.StatusReason{
	metav1.StatusReasonForbidden, metav1.StatusReasonInvalid, metav1.StatusReasonRequestEntityTooLarge, metav1.StatusReasonUnauthorized,
}

func validateValidation(v *admissionregistrationv1.Validation, p *field.Path) field.ErrorList {
	errs := written(p.Child("expression"), v.Expression, noExpression)
	if v.MessageExpression != "" && strings.TrimSpace(v.MessageExpression) == "" {
		errs = append(errs, field.Invalid(p.Child("messageExpression"), v.MessageExpression, "must be non-empty if specified"))
	}
	switch message := strings.TrimSpace(v.Message); {
	case v.Message != "" && message == "":
		errs = append(errs, field.Invalid(p.Child("message"), v.Message, "message must be non-empty if specified"))
	case strings.ContainsAny(message, "\r\n"):
		errs = append(errs, field.Invalid(p.Child("message"), v.Message, "message must not contain line breaks"))
	}
	if v.Reason != nil && !slices.Contains(reasons, *v.Reason) {
		errs = append(errs, field.NotSupported(p.Child("reason"), *v.Reason, reasons))
	}
	return errs
}

// Bounds on audit annotations.
const (
	maxAuditAnnotations     = 20
	maxAuditValueExpression = 5 << 10
)

func validateAudits(policy string, audits []admissionregistrationv1.AuditAnnotation, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(audits) > maxAuditAnnotations {
		errs = append(errs, field.Invalid(p, audits, fmt.Sprintf("must not have more than %d auditAnnotations", maxAuditAnnotations)))
	}
	keys := meta.Unique[string]{}
	for i, a := range audits {
		ap, key := p.Index(i), policy+"/"+a.Key
		errs = append(errs, meta.Invalid(ap.Child("key"), key, validation.IsQualifiedName(key))...)
		vp, expression := ap.Child("valueExpression"), strings.TrimSpace(a.ValueExpression)
		switch {
		case expression == "":
			errs = append(errs, field.Required(vp, "valueExpression is not specified"))
		case len(expression) > maxAuditValueExpression:
			errs = append(errs, field.Required(vp, fmt.Sprintf("must not exceed %d bytes in length", maxAuditValueExpression)))
		}
		errs = append(errs, keys.Check(ap.Child("key"), a.Key)...)
	}
	return errs
}

// validateBinding judges what the bindings of both kinds of policy share.
func validateBinding(policy string, ref *admissionregistrationv1.ParamRef, m *admissionregistrationv1.MatchResources) field.ErrorList {
	p := field.NewPath("spec")
	errs := meta.Name(p.Child("policyName"), policy, meta.Subdomain)
	errs = append(errs, validateParamRef(ref, p.Child("paramRef"))...)
	return append(errs, validateMatch(m, p.Child("matchResources"))...)
}

func validateParamRef(r *admissionregistrationv1.ParamRef, p *field.Path) field.ErrorList {
	if r == nil {
		return nil
	}
	const both = "name and selector are mutually exclusive"
	var errs field.ErrorList
	if r.Name != "" {
		errs = append(errs, meta.Invalid(p.Child("name"), r.Name, meta.PathSegment(r.Name, false))...)
		if r.Selector != nil {
			errs = append(errs, field.Forbidden(p.Child("name"), both))
		}
	}
	errs = append(errs, meta.Selector(p.Child("selector"), r.Selector)...)
	switch {
	case r.Selector != nil && r.Name != "":
		errs = append(errs, field.Forbidden(p.Child("selector"), both))
	case r.Selector == nil && r.Name == "":
		errs = append(errs, field.Required(p, "one of name or selector must be specified"))
	}
	if r.ParameterNotFoundAction == nil {
		return append(errs, field.Required(p.Child("parameterNotFoundAction"), ""))
	}
	return append(errs, meta.Enum(p.Child("parameterNotFoundAction"), *r.ParameterNotFoundAction,
		admissionregistrationv1.DenyAction, admissionregistrationv1.AllowAction)...)
}

func validateActions(actions []admissionregistrationv1.ValidationAction, p *field.Path) field.ErrorList {
	known := []admissionregistrationv1.ValidationAction{admissionregistrationv1.Audit, admissionregistrationv1.Deny, admissionregistrationv1.Warn}
	var errs field.ErrorList
	seen := meta.Unique[admissionregistrationv1.ValidationAction]{}
	for i, a := range actions {
		if !slices.Contains(known, a) {
			errs = append(errs, field.NotSupported(p.Index(i), a, known))
		}
		errs = append(errs, seen.Check(p.Index(i), a)...)
	}
	switch {
	case seen[admissionregistrationv1.Deny] && seen[admissionregistrationv1.Warn]:
		errs = append(errs, field.Invalid(p, actions, "must not contain both Deny and Warn "+
			"(repeating the same validation failure information in the API response and headers serves no purpose)"))
	case len(seen) == 0:
		errs = append(errs, field.Required(p, "at least one validation action is required"))
	}
	return errs
}
