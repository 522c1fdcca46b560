package policy

import (
	policyv1 "k8s.io/api/policy/v1"

	"skiff/internal/api"
)

// PodDisruptionBudget bounds how many pods may be evicted at a time.
var PodDisruptionBudget = api.Define(api.Kind[*policyv1.PodDisruptionBudget]{
	GVK: gv.WithKind("PodDisruptionBudget"), Plural: "poddisruptionbudgets", Prefix: "poddisruptionbudgets", Namespaced: true,
	ShortNames: []string{"pdb"},
	New:        api.New[policyv1.PodDisruptionBudget], NewList: api.NewList[policyv1.PodDisruptionBudgetList],
	RequireResourceVersion: true,
	Spec:                   func(o *policyv1.PodDisruptionBudget) any { return o.Spec },
	Parts: []api.PartOf[*policyv1.PodDisruptionBudget]{
		api.Status(func(dst, src *policyv1.PodDisruptionBudget) { dst.Status = src.Status }),
	},
})
