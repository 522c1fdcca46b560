package pod

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateGates judges what holds a pod back from being scheduled, and from
// being ready.
func validateGates(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, g := range s.ReadinessGates {
		errs = append(errs, meta.Invalid(p.Child("readinessGates").Index(i).Child("conditionType"),
			string(g.ConditionType), validation.IsQualifiedName(string(g.ConditionType)))...)
	}
	seen := meta.Unique[string]{}
	for i, g := range s.SchedulingGates {
		gp := p.Child("schedulingGates").Index(i)
		errs = append(errs, meta.Invalid(gp, g.Name, validation.IsQualifiedName(g.Name))...)
		errs = append(errs, seen.Check(gp, g.Name)...)
	}
	return errs
}

func validateAffinity(a *corev1.Affinity, p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if n := a.NodeAffinity; n != nil {
		errs = append(errs, validateNodeAffinity(n, p.Child("nodeAffinity"))...)
	}
	if x := a.PodAffinity; x != nil {
		errs = append(errs, validateTerms(x.RequiredDuringSchedulingIgnoredDuringExecution,
			x.PreferredDuringSchedulingIgnoredDuringExecution, p.Child("podAffinity"))...)
	}
	if x := a.PodAntiAffinity; x != nil {
		errs = append(errs, validateTerms(x.RequiredDuringSchedulingIgnoredDuringExecution,
			x.PreferredDuringSchedulingIgnoredDuringExecution, p.Child("podAntiAffinity"))...)
	}
	return errs
}

// ValidateTolerations judges tolerations.
func ValidateTolerations(tolerations []corev1.Toleration, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, t := range tolerations {
		ip := p.Index(i)
		if t.Key != "" {
			errs = append(errs, metavalidation.ValidateLabelName(t.Key, ip.Child("key"))...)
		}
		if t.Key == "" && t.Operator != corev1.TolerationOpExists {
			errs = append(errs, field.Invalid(ip.Child("operator"), t.Operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
		}
		if t.TolerationSeconds != nil && t.Effect != corev1.TaintEffectNoExecute {
			errs = append(errs, field.Invalid(ip.Child("effect"), t.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
		}
		switch t.Operator {
		case corev1.TolerationOpEqual, "":
			if msgs := validation.IsValidLabelValue(t.Value); len(msgs) > 0 {
				errs = append(errs, field.Invalid(ip.Child("operator"), t.Value, strings.Join(msgs, ";")))
			}
		case corev1.TolerationOpExists:
			if t.Value != "" {
				errs = append(errs, field.Invalid(ip.Child("operator"), t.Value, "value must be empty when `operator` is 'Exists'"))
			}
		default:
			errs = append(errs, field.NotSupported(ip.Child("operator"), t.Operator,
				[]corev1.TolerationOperator{corev1.TolerationOpEqual, corev1.TolerationOpExists}))
		}
		if t.Effect != "" {
			errs = append(errs, meta.Enum(ip.Child("effect"), t.Effect,
				corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)...)
		}
	}
	return errs
}

func validateSpread(constraints []corev1.TopologySpreadConstraint, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, c := range constraints {
		ip := p.Index(i)
		errs = append(errs, meta.Positive(ip.Child("maxSkew"), c.MaxSkew)...)
		if c.TopologyKey == "" {
			errs = append(errs, field.Required(ip.Child("topologyKey"), "can not be empty"))
		}
		errs = append(errs, meta.OneOf(ip.Child("whenUnsatisfiable"), c.WhenUnsatisfiable, corev1.DoNotSchedule, corev1.ScheduleAnyway)...)
		if slices.ContainsFunc(constraints[i+1:], func(o corev1.TopologySpreadConstraint) bool {
			return o.TopologyKey == c.TopologyKey && o.WhenUnsatisfiable == c.WhenUnsatisfiable
		}) {
			errs = append(errs, field.Duplicate(ip.Child("{topologyKey, whenUnsatisfiable}"), fmt.Sprintf("{%v, %v}", c.TopologyKey, c.WhenUnsatisfiable)))
		}
		if c.MinDomains != nil {
			errs = append(errs, meta.Positive(ip.Child("minDomains"), *c.MinDomains)...)
			if c.WhenUnsatisfiable != corev1.DoNotSchedule {
				errs = append(errs, field.Invalid(ip.Child("minDomains"), *c.MinDomains,
					fmt.Sprintf("can only use minDomains if whenUnsatisfiable=%s, not %s", corev1.DoNotSchedule, c.WhenUnsatisfiable)))
			}
		}
		policies := []corev1.NodeInclusionPolicy{corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore}
		errs = append(errs, meta.EnumOr(ip.Child("nodeAffinityPolicy"), c.NodeAffinityPolicy, policies...)...)
		errs = append(errs, meta.EnumOr(ip.Child("nodeTaintsPolicy"), c.NodeTaintsPolicy, policies...)...)
		errs = append(errs, validateLabelKeys(c.MatchLabelKeys, c.LabelSelector, ip.Child("matchLabelKeys"))...)
		errs = append(errs, keysInBoth(c.MatchLabelKeys, c.LabelSelector, ip.Child("matchLabelKeys"))...)
		errs = append(errs, meta.Selector(ip.Child("labelSelector"), c.LabelSelector)...)
	}
	return errs
}

// validateLabelKeys judges keys of the pod's own labels that narrow a selector.
func validateLabelKeys(keys []string, s *metav1.LabelSelector, p *field.Path) field.ErrorList {
	switch {
	case len(keys) == 0:
		return nil
	case s == nil:
		return field.ErrorList{field.Forbidden(p, "must not be specified when labelSelector is not set")}
	}
	var errs field.ErrorList
	for i, key := range keys {
		errs = append(errs, metavalidation.ValidateLabelName(key, p.Index(i))...)
	}
	return errs
}

// keysInBoth finds keys that the selector asked for before the pod's own label
// was added to it: the last expression with the key is that label.
func keysInBoth(keys []string, s *metav1.LabelSelector, p *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	var errs field.ErrorList
	seen := map[string]bool{}
	for key := range s.MatchLabels {
		seen[key] = true
	}
	for _, e := range s.MatchExpressions {
		if i := slices.Index(keys, e.Key); i >= 0 && seen[e.Key] {
			errs = append(errs, field.Invalid(p.Index(i), e.Key, "exists in both matchLabelKeys and labelSelector"))
		}
		seen[e.Key] = true
	}
	return errs
}

func validateTerms(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range required {
		errs = append(errs, validateTerm(&required[i], p.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i))...)
	}
	for i := range preferred {
		pp := p.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
		errs = append(errs, validateWeight(pp.Child("weight"), preferred[i].Weight)...)
		errs = append(errs, validateTerm(&preferred[i].PodAffinityTerm, pp.Child("podAffinityTerm"))...)
	}
	return errs
}

func validateTerm(t *corev1.PodAffinityTerm, p *field.Path) field.ErrorList {
	errs := meta.Selector(p.Child("labelSelector"), t.LabelSelector)
	errs = append(errs, meta.Selector(p.Child("namespaceSelector"), t.NamespaceSelector)...)
	for _, ns := range t.Namespaces {
		errs = append(errs, meta.Invalid(p.Child("namespace"), ns, meta.Label(ns, false))...)
	}
	errs = append(errs, validateLabelKeys(t.MatchLabelKeys, t.LabelSelector, p.Child("matchLabelKeys"))...)
	errs = append(errs, validateLabelKeys(t.MismatchLabelKeys, t.LabelSelector, p.Child("mismatchLabelKeys"))...)
	errs = append(errs, keysInBoth(t.MatchLabelKeys, t.LabelSelector, p)...)
	for i, key := range t.MatchLabelKeys {
		if slices.Contains(t.MismatchLabelKeys, key) {
			errs = append(errs, field.Invalid(p.Child("matchLabelKeys").Index(i), key, "exists in both matchLabelKeys and mismatchLabelKeys"))
		}
	}
	if t.TopologyKey == "" {
		errs = append(errs, field.Required(p.Child("topologyKey"), "can not be empty"))
	}
	return append(errs, metavalidation.ValidateLabelName(t.TopologyKey, p.Child("topologyKey"))...)
}

func validateWeight(p *field.Path, weight int32) field.ErrorList {
	if weight < 1 || weight > 100 {
		return field.ErrorList{field.Invalid(p, weight, "must be in the range 1-100")}
	}
	return nil
}

func validateNodeAffinity(a *corev1.NodeAffinity, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if r := a.RequiredDuringSchedulingIgnoredDuringExecution; r != nil {
		errs = append(errs, ValidateNodeSelector(r, p.Child("requiredDuringSchedulingIgnoredDuringExecution"))...)
	}
	for i, t := range a.PreferredDuringSchedulingIgnoredDuringExecution {
		pp := p.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
		errs = append(errs, validateWeight(pp.Child("weight"), t.Weight)...)
		errs = append(errs, validateNodeTerm(&t.Preference, true, pp.Child("preference"))...)
	}
	return errs
}

// ValidateNodeSelector judges a NodeSelector.
func ValidateNodeSelector(s *corev1.NodeSelector, p *field.Path) field.ErrorList {
	p = p.Child("nodeSelectorTerms")
	if len(s.NodeSelectorTerms) == 0 {
		return field.ErrorList{field.Required(p, "must have at least one node selector term")}
	}
	var errs field.ErrorList
	for i := range s.NodeSelectorTerms {
		errs = append(errs, validateNodeTerm(&s.NodeSelectorTerms[i], false, p.Index(i))...)
	}
	return errs
}

// validateNodeTerm judges one term. A preferred one may ask for values that no
// label can have: it is never met, and does no harm.
func validateNodeTerm(t *corev1.NodeSelectorTerm, anyValue bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, r := range t.MatchExpressions {
		ep := p.Child("matchExpressions").Index(i)
		errs = append(errs, validateNodeRequirement(&r, ep)...)
		errs = append(errs, metavalidation.ValidateLabelName(r.Key, ep.Child("key"))...)
		for j, value := range r.Values {
			if !anyValue {
				errs = append(errs, meta.Invalid(ep.Child("values").Index(j), value, validation.IsValidLabelValue(value))...)
			}
		}
	}
	for i, r := range t.MatchFields {
		errs = append(errs, validateFieldRequirement(&r, p.Child("matchFields").Index(i))...)
	}
	return errs
}

func validateFieldRequirement(r *corev1.NodeSelectorRequirement, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if r.Operator != corev1.NodeSelectorOpIn && r.Operator != corev1.NodeSelectorOpNotIn {
		errs = append(errs, field.Invalid(p.Child("operator"), r.Operator, "not a valid selector operator"))
	} else if len(r.Values) != 1 {
		errs = append(errs, field.Required(p.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
	}
	if r.Key != metav1.ObjectNameField {
		return append(errs, field.Invalid(p.Child("key"), r.Key, "not a valid field selector key"))
	}
	for i, value := range r.Values {
		errs = append(errs, meta.Invalid(p.Child("values").Index(i), value, meta.Subdomain(value, false))...)
	}
	return errs
}

func validateNodeRequirement(r *corev1.NodeSelectorRequirement, p *field.Path) field.ErrorList {
	switch r.Operator {
	case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
		if len(r.Values) == 0 {
			return field.ErrorList{field.Required(p.Child("values"), "must be specified when `operator` is 'In' or 'NotIn'")}
		}
	case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			return field.ErrorList{field.Forbidden(p.Child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")}
		}
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
		if len(r.Values) != 1 {
			return field.ErrorList{field.Required(p.Child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'")}
		}
	default:
		return field.ErrorList{field.Invalid(p.Child("operator"), r.Operator, "not a valid selector operator")}
	}
	return nil
}
