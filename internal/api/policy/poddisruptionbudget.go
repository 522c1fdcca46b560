package policy

import (
	policyv1 "k8s.io/api/policy/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
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
	Spec:     func(o *policyv1.PodDisruptionBudget) any { return o.Spec },
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
	errs = append(errs, numberOrPercent(p.Child("minAvailable"), s.MinAvailable)...)
	errs = append(errs, numberOrPercent(p.Child("maxUnavailable"), s.MaxUnavailable)...)
	errs = append(errs, meta.Selector(p.Child("selector"), s.Selector)...)
	return append(errs, meta.EnumOr(p.Child("unhealthyPodEvictionPolicy"), s.UnhealthyPodEvictionPolicy,
		policyv1.AlwaysAllow, policyv1.IfHealthyBudget)...)
}

func numberOrPercent(p *field.Path, v *intstr.IntOrString) field.ErrorList {
	switch {
	case v == nil:
		return nil
	case v.Type == intstr.String:
		errs := meta.Invalid(p, *v, validation.IsValidPercent(v.StrVal))
		if n, err := intstr.GetScaledValueFromIntOrPercent(v, 100, false); err == nil && n > 100 {
			errs = append(errs, field.Invalid(p, *v, "must not be greater than 100%"))
		}
		return errs
	}
	return meta.NonNegative(p, v.IntVal)
}

func validateBudgetStatus(o, _ *policyv1.PodDisruptionBudget) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	errs := metavalidation.ValidateConditions(s.Conditions, p.Child("conditions"))
	return append(errs, meta.NonNegatives(p, map[string]int32{
		"disruptionsAllowed": s.DisruptionsAllowed, "currentHealthy": s.CurrentHealthy,
		"desiredHealthy": s.DesiredHealthy, "expectedPods": s.ExpectedPods,
	})...)
}
