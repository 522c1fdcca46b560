package core

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// What a quota may bound of pods and of claims where it is narrowed by a scope.
var (
	podNumber  = []corev1.ResourceName{corev1.ResourcePods}
	podCompute = []corev1.ResourceName{
		corev1.ResourcePods, corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory,
		corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory,
	}
	claimStorage = []corev1.ResourceName{corev1.ResourcePersistentVolumeClaims, corev1.ResourceRequestsStorage}
)

// quotaScopes are all scopes, with what may be bounded in each.
var quotaScopes = map[corev1.ResourceQuotaScope][]corev1.ResourceName{
	corev1.ResourceQuotaScopeTerminating:               podCompute,
	corev1.ResourceQuotaScopeNotTerminating:            podCompute,
	corev1.ResourceQuotaScopeBestEffort:                podNumber,
	corev1.ResourceQuotaScopeNotBestEffort:             podCompute,
	corev1.ResourceQuotaScopePriorityClass:             podCompute,
	corev1.ResourceQuotaScopeCrossNamespacePodAffinity: podCompute,
	corev1.ResourceQuotaScopeVolumeAttributesClass:     claimStorage,
}

func validateScopes(s *corev1.ResourceQuotaSpec, p *field.Path) field.ErrorList {
	p = p.Child("scopes")
	var errs field.ErrorList
	for _, name := range s.Scopes {
		if _, known := quotaScopes[name]; !known {
			errs = append(errs, field.Invalid(p, s.Scopes, "unsupported scope"))
		}
		errs = append(errs, validateScope(name, s, p, s.Scopes)...)
	}
	return append(errs, validateConflicts(s.Scopes, p, s.Scopes)...)
}

func validateScopeSelector(s *corev1.ResourceQuotaSpec, p *field.Path) field.ErrorList {
	if s.ScopeSelector == nil {
		return nil
	}
	p = p.Child("matchExpressions")
	var errs field.ErrorList
	var names []corev1.ResourceQuotaScope
	for i := range s.ScopeSelector.MatchExpressions {
		e := &s.ScopeSelector.MatchExpressions[i]
		if _, known := quotaScopes[e.ScopeName]; !known {
			errs = append(errs, field.Invalid(p.Child("scopeName"), e.ScopeName, "unsupported scope"))
		}
		errs = append(errs, validateScope(e.ScopeName, s, p, shownSelector(s.ScopeSelector))...)
		errs = append(errs, validateRequirement(e, p)...)
		names = append(names, e.ScopeName)
	}
	return append(errs, validateConflicts(names, p, s.Scopes)...)
}

// shownSelector is a selector as errors show it: with the names of Go.
func shownSelector(s *corev1.ScopeSelector) any {
	type requirement struct {
		ScopeName corev1.ResourceQuotaScope
		Operator  corev1.ScopeSelectorOperator
		Values    []string
	}
	var shown struct{ MatchExpressions []requirement }
	for _, e := range s.MatchExpressions {
		shown.MatchExpressions = append(shown.MatchExpressions, requirement(e))
	}
	return shown
}

// validateScope: a scope narrows what it knows of. Resources with a domain, and
// numbers of any kind, are nothing to it.
func validateScope(name corev1.ResourceQuotaScope, s *corev1.ResourceQuotaSpec, p *field.Path, value any) field.ErrorList {
	of, known := quotaScopes[name]
	var errs field.ErrorList
	for _, r := range slices.Sorted(maps.Keys(s.Hard)) {
		if known && pod.QuotaResource(r) && !slices.Contains(of, r) {
			errs = append(errs, field.Invalid(p, value, "unsupported scope applied to resource"))
		}
	}
	return errs
}

func validateConflicts(names []corev1.ResourceQuotaScope, p *field.Path, value any) field.ErrorList {
	var errs field.ErrorList
	for _, pair := range [][2]corev1.ResourceQuotaScope{
		{corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeNotBestEffort},
		{corev1.ResourceQuotaScopeTerminating, corev1.ResourceQuotaScopeNotTerminating},
	} {
		if slices.Contains(names, pair[0]) && slices.Contains(names, pair[1]) {
			errs = append(errs, field.Invalid(p, value, "conflicting scopes"))
		}
	}
	return errs
}

// pairedScopes are those that a pod is in or is not, with nothing to compare.
var pairedScopes = []corev1.ResourceQuotaScope{
	corev1.ResourceQuotaScopeBestEffort, corev1.ResourceQuotaScopeNotBestEffort, corev1.ResourceQuotaScopeTerminating,
	corev1.ResourceQuotaScopeNotTerminating, corev1.ResourceQuotaScopeCrossNamespacePodAffinity,
}

func validateRequirement(e *corev1.ScopedResourceSelectorRequirement, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if slices.Contains(pairedScopes, e.ScopeName) && e.Operator != corev1.ScopeSelectorOpExists {
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

// validateSameScopes: scopes may be written in another order, and twice.
func validateSameScopes(o, old *corev1.ResourceQuota) field.ErrorList {
	is, was := o.Spec.Scopes, old.Spec.Scopes
	if within(is, was) && within(was, is) {
		return nil
	}
	return meta.Immutable(field.NewPath("spec", "scopes"), is, was)
}
