package resource

import (
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// defaultRequests fills in how many devices are asked for, and how taints are
// tolerated.
func defaultRequests(requests []resourcev1.DeviceRequest) {
	for i := range requests {
		if r := requests[i].Exactly; r != nil {
			defaultCount(&r.AllocationMode, &r.Count)
			defaultTolerations(r.Tolerations)
		}
		for j := range requests[i].FirstAvailable {
			r := &requests[i].FirstAvailable[j]
			defaultCount(&r.AllocationMode, &r.Count)
			defaultTolerations(r.Tolerations)
		}
	}
}

func defaultCount(mode *resourcev1.DeviceAllocationMode, count *int64) {
	meta.Fill(mode, resourcev1.DeviceAllocationModeExactCount)
	if *mode == resourcev1.DeviceAllocationModeExactCount {
		meta.Fill(count, 1)
	}
}

func defaultTolerations(tolerations []resourcev1.DeviceToleration) {
	for i := range tolerations {
		meta.Fill(&tolerations[i].Operator, resourcev1.DeviceTolerationOpEqual)
	}
}

// validateClaim judges what a claim asks for: what the published rules leave
// out, and then those.
func validateClaim(s *resourcev1.ResourceClaimSpec, p *field.Path) field.ErrorList {
	c, dp := &s.Devices, p.Child("devices")
	names := namesOf(c)
	errs := each(dp.Child("requests"), c.Requests, resourcev1.DeviceRequestsMaxSize, validateRequest)
	errs = append(errs, each(dp.Child("constraints"), c.Constraints, resourcev1.DeviceConstraintsMaxSize,
		func(p *field.Path, c *resourcev1.DeviceConstraint) field.ErrorList {
			errs := names.references(p.Child("requests"), c.Requests)
			if c.MatchAttribute == nil && c.DistinctAttribute == nil {
				errs = append(errs, field.Required(p,
					`exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set`))
			}
			return errs
		})...)
	errs = append(errs, each(dp.Child("config"), c.Config, resourcev1.DeviceConfigMaxSize,
		func(p *field.Path, c *resourcev1.DeviceClaimConfiguration) field.ErrorList {
			errs := names.references(p.Child("requests"), c.Requests)
			return append(errs, validateConfiguration(&c.DeviceConfiguration, false, p)...)
		})...)
	return append(errs, meta.Published(resourcev1.Validate_ResourceClaimSpec, p, s, nil, nil)...)
}

func validateRequest(p *field.Path, r *resourcev1.DeviceRequest) field.ErrorList {
	errs := label(p.Child("name"), r.Name)
	switch e := r.Exactly; {
	case e == nil && len(r.FirstAvailable) == 0:
		return append(errs, field.Required(p, "exactly one of `exactly` or `firstAvailable` is required"))
	case e != nil && len(r.FirstAvailable) > 0:
		return append(errs, field.Invalid(p, nil, "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"))
	case e != nil:
		ep := p.Child("exactly")
		errs = append(errs, meta.Required(ep.Child("deviceClassName"), e.DeviceClassName, validation.IsDNS1123Subdomain)...)
		errs = append(errs, validateSelectors(e.Selectors, ep.Child("selectors"))...)
		errs = append(errs, validateCount(e.AllocationMode, e.Count, ep.Child("count"))...)
		return append(errs, validateTolerations(e.Tolerations, ep.Child("tolerations"))...)
	}
	return append(errs, each(p.Child("firstAvailable"), r.FirstAvailable, resourcev1.FirstAvailableDeviceRequestMaxSize,
		func(p *field.Path, s *resourcev1.DeviceSubRequest) field.ErrorList {
			errs := label(p.Child("name"), s.Name)
			errs = append(errs, validateSelectors(s.Selectors, p.Child("selectors"))...)
			errs = append(errs, validateCount(s.AllocationMode, s.Count, p.Child("count"))...)
			return append(errs, validateTolerations(s.Tolerations, p.Child("tolerations"))...)
		})...)
}

func validateCount(mode resourcev1.DeviceAllocationMode, count int64, p *field.Path) field.ErrorList {
	switch mode {
	case resourcev1.DeviceAllocationModeAll:
		if count != 0 {
			return field.ErrorList{field.Invalid(p, count, "must not be specified when allocationMode is 'All'")}
		}
	case resourcev1.DeviceAllocationModeExactCount:
		return meta.Positive(p, count)
	}
	return nil
}

func validateSelectors(selectors []resourcev1.DeviceSelector, p *field.Path) field.ErrorList {
	return each(p, selectors, resourcev1.DeviceSelectorsMaxSize, func(p *field.Path, s *resourcev1.DeviceSelector) field.ErrorList {
		switch {
		case s.CEL == nil:
			return field.ErrorList{field.Required(p.Child("cel"), "")}
		case len(s.CEL.Expression) > resourcev1.CELSelectorExpressionMaxLength:
			return field.ErrorList{field.TooLong(p.Child("cel", "expression"), "", resourcev1.CELSelectorExpressionMaxLength)}
		}
		return validateExpression(p.Child("cel", "expression"), s.CEL.Expression)
	})
}

func validateTolerations(tolerations []resourcev1.DeviceToleration, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, t := range tolerations {
		vp := p.Index(i).Child("value")
		switch t.Operator {
		case resourcev1.DeviceTolerationOpExists:
			if t.Value != "" {
				errs = append(errs, field.Invalid(vp, t.Value, "must be empty for operator `Exists`"))
			}
		case resourcev1.DeviceTolerationOpEqual:
			errs = append(errs, meta.Invalid(vp, t.Value, validation.IsValidLabelValue(t.Value))...)
		}
	}
	return errs
}
