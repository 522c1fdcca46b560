package resource

import (
	"fmt"
	"maps"
	"math"
	"slices"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateCapacities judges what a device has of something, and, when several
// claims can share it, in which portions.
func validateCapacities(d *resourcev1.Device, p *field.Path) field.ErrorList {
	shared := d.AllowMultipleAllocations != nil && *d.AllowMultipleAllocations
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(d.Capacity)) {
		c := d.Capacity[name]
		errs = append(errs, qualifiedName(p, string(name))...)
		pp := p.Key(shortened(string(name))).Child("requestPolicy")
		switch {
		case c.RequestPolicy == nil:
		case !shared:
			errs = append(errs, field.Forbidden(pp, "allowMultipleAllocations must be true"))
		default:
			errs = append(errs, validatePolicy(c.RequestPolicy, c.Value, pp)...)
		}
	}
	return errs
}

func validatePolicy(r *resourcev1.CapacityRequestPolicy, whole resource.Quantity, p *field.Path) field.ErrorList {
	switch dp := p.Child("default"); {
	case len(r.ValidValues) > 0 && r.ValidRange != nil:
		return field.ErrorList{field.Forbidden(p, `exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time`)}
	case len(r.ValidValues) > 0 && r.Default == nil:
		return field.ErrorList{field.Required(dp, "required when validValues is defined")}
	case len(r.ValidValues) > 0:
		return validateValues(r.ValidValues, *r.Default, whole, p.Child("validValues"))
	case r.ValidRange != nil && r.Default == nil:
		return field.ErrorList{field.Required(dp, "required when validRange is defined")}
	case r.ValidRange != nil:
		return validateRange(r.ValidRange, *r.Default, whole, p.Child("validRange"))
	}
	return nil
}

// maxValues is how many portions can be listed.
const maxValues = 10

func validateValues(values []resource.Quantity, standard, whole resource.Quantity, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := 1; i < len(values); i++ {
		if values[i-1].Cmp(values[i]) > 0 {
			errs = append(errs, field.Invalid(p.Index(i), values[i].String(), "values must be sorted in ascending order"))
		}
	}
	found := false
	if len(values) > maxValues {
		errs = append(errs, field.TooMany(p, len(values), maxValues))
		values = nil
	}
	for i, v := range values {
		if v.Cmp(whole) > 0 {
			errs = append(errs, field.Invalid(p.Index(i), v.String(), "option is larger than capacity value: "+whole.String()))
		}
		found = found || v.Cmp(standard) == 0
	}
	seen := meta.Unique[string]{}
	for i, v := range values {
		errs = append(errs, seen.Check(p.Index(i), fmt.Sprint(v.Value()))...)
	}
	if !found {
		errs = append(errs, field.Invalid(p, standard.String(), "default value is not valid according to the requestPolicy"))
	}
	return errs
}

func validateRange(r *resourcev1.CapacityRequestPolicyRange, standard, whole resource.Quantity, p *field.Path) field.ErrorList {
	if r.Min == nil {
		return field.ErrorList{field.Required(p.Child("min"), "required when validRange is defined")}
	}
	var errs field.ErrorList
	bad := func(name string, q resource.Quantity, why string, than resource.Quantity) {
		errs = append(errs, field.Invalid(p.Child(name), q.String(), why+": "+than.String()))
	}
	if r.Min.Cmp(whole) > 0 {
		bad("min", *r.Min, "min is larger than capacity value", whole)
	}
	if standard.Cmp(*r.Min) < 0 {
		bad("default", standard, "default is less than min", *r.Min)
	}
	if r.Max != nil {
		if r.Min.Cmp(*r.Max) > 0 {
			bad("max", *r.Min, "min is larger than max", *r.Max)
		}
		if r.Max.Cmp(whole) > 0 {
			bad("max", *r.Max, "max is larger than capacity value", whole)
		}
		if standard.Cmp(*r.Max) > 0 {
			bad("default", standard, "default is more than max", *r.Max)
		}
	}
	return append(errs, validateStep(r, standard, whole, p)...)
}

// validateStep wants the default and the maximum to be whole steps away from
// the minimum.
func validateStep(r *resourcev1.CapacityRequestPolicyRange, standard, whole resource.Quantity, p *field.Path) field.ErrorList {
	sp := p.Child("step")
	switch {
	case r.Step == nil:
		return nil
	case r.Step.Sign() <= 0:
		return field.ErrorList{field.Invalid(sp, r.Step.String(), "must be greater than zero")}
	}
	var errs field.ErrorList
	first := r.Min.DeepCopy()
	first.Add(*r.Step)
	if first.Cmp(whole) > 0 {
		errs = append(errs, field.Invalid(sp, r.Step.String(), fmt.Sprintf("one step %s is larger than capacity value: %s", first.String(), whole.String())))
	}
	// Quantities that are no int64 cannot be counted with.
	outside := inInt64(p.Child("default"), &standard)
	outside = append(outside, inInt64(p.Child("min"), r.Min)...)
	outside = append(outside, inInt64(p.Child("max"), r.Max)...)
	outside = append(outside, inInt64(sp, r.Step)...)
	if len(outside) > 0 {
		return append(errs, outside...)
	}
	errs = append(errs, wholeSteps(standard, r, sp)...)
	if r.Max != nil {
		errs = append(errs, wholeSteps(*r.Max, r, sp)...)
	}
	return errs
}

func wholeSteps(q resource.Quantity, r *resourcev1.CapacityRequestPolicyRange, p *field.Path) field.ErrorList {
	if (q.Value()-r.Min.Value())%r.Step.Value() == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p, q.String(), fmt.Sprintf("value is not a multiple of a given step (%s) from (%s)", r.Step.String(), r.Min.String()))}
}

func inInt64(p *field.Path, q *resource.Quantity) field.ErrorList {
	switch {
	case q == nil:
		return nil
	case q.Sign() < 0:
		return field.ErrorList{field.Invalid(p, q.String(), apivalidation.IsNegativeErrorMsg)}
	case q.CmpInt64(math.MaxInt64) > 0:
		return field.ErrorList{field.Invalid(p, q.String(), "must not be larger than 9223372036854775807")}
	}
	return nil
}
