package policy

import (
	policyv1 "k8s.io/api/policy/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// PodDisruptionBudget bounds how many pods may be evicted at a time.
var PodDisruptionBudget = api.Define(api.Kind[*policyv1.PodDisruptionBudget]{
	GVK: gv.WithKind("PodDisruptionBudget"), Plural: "poddisruptionbudgets", Prefix: "poddisruptionbudgets", Namespaced: true,
	ShortNames: []string{"pdb"},
	New:        api.New[policyv1.PodDisruptionBudget], NewList: api.NewList[policyv1.PodDisruptionBudgetList],
	RequireResourceVersion: true,

	Validate: validateBudget,
	Spec:     func(o *policyv1.PodDisruptionBudget) any { return &o.Spec },
	Parts: []api.PartOf[*policyv1.PodDisruptionBudget]{
		api.Status(func(dst, src *policyv1.PodDisruptionBudget) { dst.Status = src.Status }).Validated(validateBudgetStatus),
	},

	Columns: table.Of("Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age").
		Integers("Allowed Disruptions").Docs(map[string]string{
		"Min Available":       "The minimum number of pods that must be available.",
		"Max Unavailable":     "The maximum number of pods that may be unavailable.",
		"Allowed Disruptions": "Calculated number of pods that may be disrupted at this time.",
	}),
	Row: func(o *policyv1.PodDisruptionBudget) []any {
		return []any{
			o.Name, orNA(o.Spec.MinAvailable), orNA(o.Spec.MaxUnavailable),
			int64(o.Status.DisruptionsAllowed), table.Age(o.CreationTimestamp),
		}
	},
})

func orNA(v *intstr.IntOrString) string {
	if v == nil {
		return "N/A"
	}
	return v.String()
}

func validateBudget(o *policyv1.PodDisruptionBudget) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if s.MinAvailable != nil && s.MaxUnavailable != nil {
		errs = append(errs, field.Invalid(p, s, "minAvailable and maxUnavailable cannot be both set"))
	}
	for _, c := range []struct {
		name  string
		value *intstr.IntOrString
	}{{"minAvailable", s.MinAvailable}, {"maxUnavailable", s.MaxUnavailable}} {
		errs = append(errs, meta.IntOrPercent(p.Child(c.name), c.value)...)
		errs = append(errs, meta.AtMostAll(p.Child(c.name), c.value)...)
	}
	errs = append(errs, meta.Selector(p.Child("selector"), s.Selector)...)
	return append(errs, meta.EnumOr(p.Child("unhealthyPodEvictionPolicy"), s.UnhealthyPodEvictionPolicy,
		policyv1.AlwaysAllow, policyv1.IfHealthyBudget)...)
}

func validateBudgetStatus(o, _ *policyv1.PodDisruptionBudget) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	errs := metavalidation.ValidateConditions(s.Conditions, p.Child("conditions"))
	return append(errs, meta.NonNegatives(p, meta.CountOf("disruptionsAllowed", &s.DisruptionsAllowed), meta.CountOf("currentHealthy", &s.CurrentHealthy),
		meta.CountOf("desiredHealthy", &s.DesiredHealthy), meta.CountOf("expectedPods", &s.ExpectedPods))...)
}
