package networking

import (
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// ServiceCIDR is a range for Service addresses.
var ServiceCIDR = api.Define(api.Kind[*networkingv1.ServiceCIDR]{
	GVK: gv.WithKind("ServiceCIDR"), Plural: "servicecidrs", Prefix: "servicecidrs",
	New: api.New[networkingv1.ServiceCIDR], NewList: api.NewList[networkingv1.ServiceCIDRList],

	ValidateNew:    validateCIDRs,
	ValidateUpdate: validateCIDRsUpdate,
	// Whoever may write the object may write its status along with it.
	Parts: []api.PartOf[*networkingv1.ServiceCIDR]{
		{Name: "status", Copy: func(dst, src *networkingv1.ServiceCIDR) { dst.Status = src.Status }},
	},

	Columns: table.Of("Name", "CIDRs", "Age").
		Docs(map[string]string{"CIDRs": networkingv1.ServiceCIDRSpec{}.SwaggerDoc()["cidrs"]}),
	Row: func(o *networkingv1.ServiceCIDR) []any {
		return []any{o.Name, strings.Join(o.Spec.CIDRs, ","), table.Age(o.CreationTimestamp)}
	},
})

// validateCIDRs wants one range, or one of each address family.
func validateCIDRs(o *networkingv1.ServiceCIDR) field.ErrorList {
	p, cidrs := field.NewPath("spec", "cidrs"), o.Spec.CIDRs
	switch {
	case len(cidrs) == 0:
		return field.ErrorList{field.Required(p, "at least one CIDR required")}
	case len(cidrs) > 2:
		return field.ErrorList{field.Invalid(p, o.Spec, "may only hold up to 2 values")}
	}
	var errs field.ErrorList
	for i, c := range cidrs {
		errs = append(errs, validation.IsValidCIDR(p.Index(i), c)...)
	}
	if len(cidrs) == 2 {
		family := netutils.IPFamilyOfCIDRString(cidrs[0])
		if family != netutils.IPFamilyUnknown && family == netutils.IPFamilyOfCIDRString(cidrs[1]) {
			errs = append(errs, field.Invalid(p, cidrs, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"))
		}
	}
	return errs
}

// validateCIDRsUpdate lets a range of the other family be added, and nothing
// else change.
func validateCIDRsUpdate(o, old *networkingv1.ServiceCIDR) field.ErrorList {
	p, cidrs, was := field.NewPath("spec", "cidrs"), o.Spec.CIDRs, old.Spec.CIDRs
	added := len(was) == 1 && len(cidrs) == 2
	if len(cidrs) != len(was) && !added {
		return field.ErrorList{field.Invalid(p, cidrs, apivalidation.FieldImmutableErrorMsg)}
	}
	var errs field.ErrorList
	for i := range was {
		if cidrs[i] != was[i] {
			errs = append(errs, field.Invalid(p.Index(i), cidrs[i], apivalidation.FieldImmutableErrorMsg))
		}
	}
	if added {
		errs = append(errs, validateCIDRs(o)...)
	}
	return errs
}
