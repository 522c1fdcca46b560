package networking

import (
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// ServiceCIDR is a range for Service addresses.
var ServiceCIDR = api.Define(api.Kind[*networkingv1.ServiceCIDR]{
	GVK: gv.WithKind("ServiceCIDR"), Plural: "servicecidrs", Prefix: "servicecidrs",
	New: api.New[networkingv1.ServiceCIDR], NewList: api.NewList[networkingv1.ServiceCIDRList],

	Validate: func(o *networkingv1.ServiceCIDR) field.ErrorList {
		p := field.NewPath("spec", "cidrs")
		if len(o.Spec.CIDRs) == 0 {
			return field.ErrorList{field.Required(p, "at least one CIDR required")}
		}
		if len(o.Spec.CIDRs) > 2 {
			return field.ErrorList{field.Invalid(p, o.Spec.CIDRs, "may only hold up to 2 values")}
		}
		var errs field.ErrorList
		for i, c := range o.Spec.CIDRs {
			errs = append(errs, validation.IsValidCIDR(p.Index(i), c)...)
		}
		if c := o.Spec.CIDRs; len(c) == 2 && strings.Contains(c[0], ":") == strings.Contains(c[1], ":") {
			errs = append(errs, field.Invalid(p, c, "may specify no more than one IP for each IP family"))
		}
		return errs
	},
	ValidateUpdate: func(o, old *networkingv1.ServiceCIDR) field.ErrorList {
		if len(o.Spec.CIDRs) < len(old.Spec.CIDRs) || !slices.Equal(o.Spec.CIDRs[:len(old.Spec.CIDRs)], old.Spec.CIDRs) {
			return field.ErrorList{field.Invalid(field.NewPath("spec", "cidrs"), o.Spec.CIDRs, "field is immutable")}
		}
		return nil
	},
	Parts: []api.PartOf[*networkingv1.ServiceCIDR]{
		api.Status(func(dst, src *networkingv1.ServiceCIDR) { dst.Status = src.Status }),
	},

	Columns: table.Of("Name", "CIDRs", "Age"),
	Row: func(o *networkingv1.ServiceCIDR) []any {
		return []any{o.Name, strings.Join(o.Spec.CIDRs, ","), table.Age(o.CreationTimestamp)}
	},
})
