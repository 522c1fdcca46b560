package admissionregistration

import (
	"regexp"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

const maxConditions = 64

// validateConditions judges the conditions of a policy or webhook, which must
// hold before it is looked at.
func validateConditions(conditions []admissionregistrationv1.MatchCondition, by *compiler, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(conditions) > maxConditions {
		errs = append(errs, field.TooMany(p, len(conditions), maxConditions))
	}
	names := meta.Unique[string]{}
	for i, c := range conditions {
		ep, np := p.Index(i).Child("expression"), p.Index(i).Child("name")
		if text := strings.TrimSpace(c.Expression); text == "" {
			errs = append(errs, field.Required(ep, ""))
		} else {
			errs = append(errs, by.checkAlone(ep, condition(text), withAuthorizer)...)
		}
		errs = append(errs, meta.Required(np, c.Name, validation.IsQualifiedName)...)
		if c.Name != "" {
			errs = append(errs, names.Check(np, c.Name)...)
		}
	}
	return errs
}

func conditionTexts(conditions []admissionregistrationv1.MatchCondition) []string {
	var texts []string
	for _, c := range conditions {
		texts = append(texts, strings.TrimSpace(c.Expression))
	}
	return texts
}

const noExpression = "expression is not specified"

var (
	celName     = regexp.MustCompile("^[_a-zA-Z][_a-zA-Z0-9]*$")
	celReserved = strings.Fields("true false null in as break const continue else for function if import let loop package namespace return var void while")
)

// validateVariables judges the variables of a policy. Each may use those before
// it.
func validateVariables(variables []admissionregistrationv1.Variable, by *compiler, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, v := range variables {
		np, ep := p.Index(i).Child("name"), p.Index(i).Child("expression")
		switch {
		case strings.TrimSpace(v.Name) == "":
			errs = append(errs, field.Required(np, "name is not specified"))
		case !celName.MatchString(v.Name) || slices.Contains(celReserved, v.Name):
			errs = append(errs, field.Invalid(np, v.Name, "must be a valid CEL identifier"))
		}
		if strings.TrimSpace(v.Expression) == "" {
			errs = append(errs, field.Required(ep, noExpression))
		} else {
			errs = append(errs, by.declare(ep, variable(v.Name, v.Expression))...)
		}
	}
	return errs
}

func variableTexts(variables []admissionregistrationv1.Variable) []string {
	var texts []string
	for _, v := range variables {
		texts = append(texts, v.Expression)
	}
	return texts
}
