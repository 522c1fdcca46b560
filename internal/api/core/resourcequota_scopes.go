package core

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podResources are what a quota may bound of pods beside their number.
var podResources = []corev1.ResourceName{
	corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage,
	corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceRequestsEphemeralStorage,
	corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourceLimitsEphemeralStorage,
}

// quotaScopes are all scopes, and whether each selects pods by more than
// their number.
var quotaScopes = map[corev1.ResourceQuotaScope]struct{ pods, compute bool }{
	corev1.ResourceQuotaScopeTerminating:               {true, true},
	corev1.ResourceQuotaScopeNotTerminating:            {true, true},
	corev1.ResourceQuotaScopeBestEffort:                {true, false},
	corev1.ResourceQuotaScopeNotBestEffort:             {true, true},
	corev1.ResourceQuotaScopePriorityClass:             {true, true},
	corev1.ResourceQuotaScopeCrossNamespacePodAffinity: {true, true},
	corev1.ResourceQuotaScopeVolumeAttributesClass:     {false, false},
}

func validateScopes(s *corev1.ResourceQuotaSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := map[corev1.ResourceQuotaScope]bool{}
	for _, name := range s.Scopes {
		errs = append(errs, validateScope(name, s.Hard, p.Child("scopes"), s.Scopes)...)
		names[name] = true
	}
	errs = append(errs, validateConflicts(names, p.Child("scopes"), s.Scopes)...)
	if s.ScopeSelector == nil {
		return errs
	}
	at := p.Child("scopeSelector", "matchExpressions")
	clear(names)
	for i := range s.ScopeSelector.MatchExpressions {
		e := &s.ScopeSelector.MatchExpressions[i]
		errs = append(errs, validateScope(e.ScopeName, s.Hard, at.Child("scopeName"), e.ScopeName)...)
		errs = append(errs, validateRequirement(e, at)...)
		names[e.ScopeName] = true
	}
	return append(errs, validateConflicts(names, at, s.ScopeSelector)...)
}

func validateScope(name corev1.ResourceQuotaScope, hard corev1.ResourceList, p *field.Path, value any) field.ErrorList {
	of, known := quotaScopes[name]
	if !known {
		return field.ErrorList{field.Invalid(p, value, "unsupported scope")}
	}
	for r := range hard {
		pod := r == corev1.ResourcePods && of.pods || slices.Contains(podResources, r) && of.compute ||
			strings.HasPrefix(string(r), corev1.ResourceHugePagesPrefix) && of.compute
		claim := !of.pods && (r == corev1.ResourcePersistentVolumeClaims || r == corev1.ResourceRequestsStorage)
		if !pod && !claim && !strings.Contains(string(r), "/") {
			return field.ErrorList{field.Invalid(p, value, "unsupported scope applied to resource")}
		}
	}
	return nil
}

func validateConflicts(names map[corev1.ResourceQuotaScope]bool, p *field.Path, value any) field.ErrorList {
	if names[corev1.ResourceQuotaScopeBestEffort] && names[corev1.ResourceQuotaScopeNotBestEffort] ||
		names[corev1.ResourceQuotaScopeTerminating] && names[corev1.ResourceQuotaScopeNotTerminating] {
		return field.ErrorList{field.Invalid(p, value, "conflicting scopes")}
	}
	return nil
}

func validateRequirement(e *corev1.ScopedResourceSelectorRequirement, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	plain := e.ScopeName != corev1.ResourceQuotaScopePriorityClass && e.ScopeName != corev1.ResourceQuotaScopeVolumeAttributesClass
	if plain && e.Operator != corev1.ScopeSelectorOpExists {
		errs = append(errs, field.Invalid(p.Child("operator"), e.Operator,
			"must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"))
	}
	switch e.Operator {
	case corev1.ScopeSelectorOpIn, corev1.ScopeSelectorOpNotIn:
		if len(e.Values) == 0 {
			errs = append(errs, field.Required(p.Child("values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"))
		}
	case corev1.ScopeSelectorOpExists, corev1.ScopeSelectorOpDoesNotExist:
		if len(e.Values) > 0 {
			errs = append(errs, field.Invalid(p.Child("values"), e.Values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"))
		}
	default:
		errs = append(errs, field.Invalid(p.Child("operator"), e.Operator, "not a valid selector operator"))
	}
	return errs
}
