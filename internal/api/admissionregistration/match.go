package admissionregistration

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/meta"
	"skiff/internal/api/table"
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

// defaultParamRef: without its parameters, a policy refuses.
func defaultParamRef(r *admissionregistrationv1.ParamRef) {
	if r != nil {
		meta.FillPtr(&r.ParameterNotFoundAction, admissionregistrationv1.DenyAction)
	}
}

func paramKind(k *admissionregistrationv1.ParamKind) string {
	if k == nil {
		return table.Unset
	}
	return k.APIVersion + "/" + k.Kind
}

func paramRef(r *admissionregistrationv1.ParamRef) string {
	switch {
	case r == nil:
		return table.Unset
	case r.Name == "":
		return "*"
	case r.Namespace != "":
		return r.Namespace + "/" + r.Name
	}
	return r.Name
}
