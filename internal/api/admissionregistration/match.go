package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// defaultMatch fills in which objects a policy, or its binding, is about.
func defaultMatch(m *admissionregistrationv1.MatchResources) {
	if m == nil {
		return
	}
	meta.FillPtr(&m.MatchPolicy, admissionregistrationv1.Equivalent)
	meta.FillPtr(&m.NamespaceSelector, metav1.LabelSelector{})
	meta.FillPtr(&m.ObjectSelector, metav1.LabelSelector{})
	for _, rules := range [][]admissionregistrationv1.NamedRuleWithOperations{m.ResourceRules, m.ExcludeResourceRules} {
		for i := range rules {
			meta.FillPtr(&rules[i].Scope, admissionregistrationv1.AllScopes)
		}
	}
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

// validateMutable wants operations that leave an object to change.
func validateMutable(m *admissionregistrationv1.MatchResources, p *field.Path) field.ErrorList {
	if m == nil {
		return nil
	}
	var errs field.ErrorList
	for _, r := range m.ResourceRules {
		for _, o := range r.Operations {
			errs = append(errs, meta.OneOf(p.Child("resourceRules", "operations"), o, admissionregistrationv1.OperationAll,
				admissionregistrationv1.Connect, admissionregistrationv1.Create, admissionregistrationv1.Update)...)
		}
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
	return append(errs, validateRule(&r.RuleWithOperations, p)...)
}
