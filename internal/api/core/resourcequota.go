package core

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// ResourceQuota bounds what a namespace may hold.
var ResourceQuota = api.Define(api.Kind[*corev1.ResourceQuota]{
	GVK: gv.WithKind("ResourceQuota"), Plural: "resourcequotas", Prefix: "resourcequotas", Namespaced: true, ReturnsDeleted: true,
	ShortNames: []string{"quota"},
	New:        api.New[corev1.ResourceQuota], NewList: api.NewList[corev1.ResourceQuotaList],

	Default: func(o *corev1.ResourceQuota) {
		for _, list := range []corev1.ResourceList{o.Spec.Hard, o.Status.Hard, o.Status.Used} {
			meta.RoundUp(list)
		}
	},
	Validate:       validateQuota,
	ValidateUpdate: validateSameScopes,
	Parts: []api.PartOf[*corev1.ResourceQuota]{
		api.Status(func(dst, src *corev1.ResourceQuota) { dst.Status = src.Status }).Validated(validateQuotaStatus),
	},

	Columns: table.Of("Name", "Request", "Limit", "Age").Docs(map[string]string{
		"Request": "Request represents a minimum amount of cpu/memory that a container may consume.",
		"Limit":   "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
	}),
	Row: quotaRow,
})

func validateQuota(o *corev1.ResourceQuota) field.ErrorList {
	p := field.NewPath("spec")
	errs := append(validateAmounts(p.Child("hard"), o.Spec.Hard), validateScopes(&o.Spec, p)...)
	return append(errs, validateScopeSelector(&o.Spec, p.Child("scopeSelector"))...)
}

// validateQuotaStatus is for writers of the status.
func validateQuotaStatus(o, _ *corev1.ResourceQuota) field.ErrorList {
	p := field.NewPath("status")
	return append(validateAmounts(p.Child("hard"), o.Status.Hard), validateAmounts(p.Child("used"), o.Status.Used)...)
}

func validateAmounts(p *field.Path, list corev1.ResourceList) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(list)) {
		at := p.Key(string(name))
		errs = append(errs, pod.ResourceName(name, at)...)
		if !strings.Contains(string(name), "/") && !pod.QuotaResource(name) {
			errs = append(errs, field.Invalid(at, name, "must be a standard resource for quota"))
		}
		errs = append(errs, pod.ValidateQuantity(at, name, list[name])...)
	}
	return errs
}

func quotaRow(o *corev1.ResourceQuota) []any {
	var requests, limits []string
	for _, name := range slices.Sorted(maps.Keys(o.Status.Hard)) {
		used, hard := o.Status.Used[name], o.Status.Hard[name]
		cell := fmt.Sprintf("%s: %s/%s", name, used.String(), hard.String())
		if strings.HasPrefix(string(name), "limits.") {
			limits = append(limits, cell)
		} else {
			requests = append(requests, cell)
		}
	}
	return []any{o.Name, strings.Join(requests, ", "), strings.Join(limits, ", "), table.Age(o.CreationTimestamp)}
}
