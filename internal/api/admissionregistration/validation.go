package admissionregistration

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// reasons are those that a refusal may have.
var reasons = []metav1.StatusReason{metav1.StatusReasonForbidden, metav1.StatusReasonInvalid, metav1.StatusReasonRequestEntityTooLarge}

func validateValidation(v *admissionregistrationv1.Validation, by *compiler, p *field.Path) field.ErrorList {
	const blank = "must be non-empty if specified"
	var errs field.ErrorList
	if strings.TrimSpace(v.Expression) == "" {
		errs = append(errs, field.Required(p.Child("expression"), noExpression))
	} else {
		errs = append(errs, by.check(p.Child("expression"), condition(v.Expression), withAuthorizer)...)
	}
	if strings.TrimSpace(v.MessageExpression) != "" {
		errs = append(errs, by.check(p.Child("messageExpression"), message(v.MessageExpression), 0)...)
	} else if v.MessageExpression != "" {
		errs = append(errs, field.Invalid(p.Child("messageExpression"), v.MessageExpression, blank))
	}
	switch text := strings.TrimSpace(v.Message); {
	case v.Message != "" && text == "":
		errs = append(errs, field.Invalid(p.Child("message"), v.Message, blank))
	case strings.ContainsAny(text, "\r\n"):
		errs = append(errs, field.Invalid(p.Child("message"), v.Message, "must not contain line breaks"))
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

func validateAudits(policy string, audits []admissionregistrationv1.AuditAnnotation, by *compiler, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(audits) > maxAuditAnnotations {
		errs = append(errs, field.Invalid(p, audits, fmt.Sprintf("must not have more than %d auditAnnotations", maxAuditAnnotations)))
	}
	keys := meta.Unique[string]{}
	for i, a := range audits {
		kp, key := p.Index(i).Child("key"), policy+"/"+a.Key
		errs = append(errs, meta.Invalid(kp, key, validation.IsQualifiedName(key))...)
		errs = append(errs, validateAuditValue(a.ValueExpression, by, p.Index(i).Child("valueExpression"))...)
		errs = append(errs, keys.Check(kp, a.Key)...)
	}
	return errs
}

func validateAuditValue(text string, by *compiler, p *field.Path) field.ErrorList {
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		return field.ErrorList{field.Required(p, "valueExpression is not specified")}
	case len(trimmed) > maxAuditValueExpression:
		return field.ErrorList{field.Required(p, fmt.Sprintf("must not exceed %d bytes in length", maxAuditValueExpression))}
	}
	errs := by.check(p, auditValue(trimmed), withAuthorizer)
	for _, e := range errs {
		if e.Type == field.ErrorTypeInvalid {
			e.BadValue = text // as it was written
		}
	}
	return errs
}
