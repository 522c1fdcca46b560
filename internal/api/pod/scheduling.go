package pod

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

func validateScheduling(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	errs := ValidateTolerations(s.Tolerations, p.Child("tolerations"))
	errs = append(errs, validateSpread(s.TopologySpreadConstraints, p.Child("topologySpreadConstraints"))...)
	gates := meta.Unique[string]{}
	for i, g := range s.SchedulingGates {
		gp := p.Child("schedulingGates").Index(i)
		errs = append(errs, meta.Invalid(gp, g.Name, validation.IsQualifiedName(g.Name))...)
		errs = append(errs, gates.Check(gp, g.Name)...)
	}
	a := s.Affinity
	if a == nil {
		return errs
	}
	ap := p.Child("affinity")
	if n := a.NodeAffinity; n != nil {
		errs = append(errs, validateNodeAffinity(n, ap.Child("nodeAffinity"))...)
	}
	if x := a.PodAffinity; x != nil {
		errs = append(errs, validateTerms(x.RequiredDuringSchedulingIgnoredDuringExecution,
			x.PreferredDuringSchedulingIgnoredDuringExecution, ap.Child("podAffinity"))...)
	}
	if x := a.PodAntiAffinity; x != nil {
		errs = append(errs, validateTerms(x.RequiredDuringSchedulingIgnoredDuringExecution,
			x.PreferredDuringSchedulingIgnoredDuringExecution, ap.Child("podAntiAffinity"))...)
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
			errs = append(errs, meta.Invalid(ip.Child("operator"), t.Value, validation.IsValidLabelValue(t.Value))...)
		case corev1.TolerationOpExists:
			if t.Value != "" {
				errs = append(errs, field.Invalid(ip.Child("operator"), t, "value must be empty when `operator` is 'Exists'"))
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
	seen := meta.Unique[string]{}
	for i, c := range constraints {
		ip := p.Index(i)
		errs = append(errs, meta.Positive(ip.Child("maxSkew"), c.MaxSkew)...)
		errs = append(errs, validateTopologyKey(ip.Child("topologyKey"), c.TopologyKey)...)
		errs = append(errs, meta.Enum(ip.Child("whenUnsatisfiable"), c.WhenUnsatisfiable, corev1.DoNotSchedule, corev1.ScheduleAnyway)...)
		errs = append(errs, seen.Check(ip.Child("{topologyKey, whenUnsatisfiable}"), fmt.Sprintf("{%v, %v}", c.TopologyKey, c.WhenUnsatisfiable))...)
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
		errs = append(errs, meta.Selector(ip.Child("labelSelector"), c.LabelSelector)...)
		if len(c.MatchLabelKeys) > 0 && c.LabelSelector == nil {
			errs = append(errs, field.Forbidden(ip.Child("matchLabelKeys"), "must not be specified when labelSelector is not set"))
		}
	}
	return errs
}

func validateTopologyKey(p *field.Path, key string) field.ErrorList {
	if key == "" {
		return field.ErrorList{field.Required(p, "can not be empty")}
	}
	return metavalidation.ValidateLabelName(key, p)
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
	if len(t.MatchLabelKeys) > 0 && t.LabelSelector == nil {
		errs = append(errs, field.Forbidden(p.Child("matchLabelKeys"), "must not be specified when labelSelector is not set"))
	}
	if len(t.MismatchLabelKeys) > 0 && t.LabelSelector == nil {
		errs = append(errs, field.Forbidden(p.Child("mismatchLabelKeys"), "must not be specified when labelSelector is not set"))
	}
	return append(errs, validateTopologyKey(p.Child("topologyKey"), t.TopologyKey)...)
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
		errs = append(errs, validateNodeTerm(&t.Preference, pp.Child("preference"))...)
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
		errs = append(errs, validateNodeTerm(&s.NodeSelectorTerms[i], p.Index(i))...)
	}
	return errs
}

func validateNodeTerm(t *corev1.NodeSelectorTerm, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, r := range t.MatchExpressions {
		ep := p.Child("matchExpressions").Index(i)
		errs = append(errs, validateNodeRequirement(&r, ep)...)
		errs = append(errs, metavalidation.ValidateLabelName(r.Key, ep.Child("key"))...)
	}
	for i, r := range t.MatchFields {
		fp := p.Child("matchFields").Index(i)
		if r.Key != metav1.ObjectNameField {
			errs = append(errs, field.Invalid(fp.Child("key"), r.Key, "not a valid field selector key"))
		}
		if r.Operator != corev1.NodeSelectorOpIn && r.Operator != corev1.NodeSelectorOpNotIn {
			errs = append(errs, field.Invalid(fp.Child("operator"), r.Operator, "not a valid selector operator"))
		} else if len(r.Values) != 1 {
			errs = append(errs, field.Required(fp.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
		}
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
