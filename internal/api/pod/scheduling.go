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

// ValidateTolerations judges tolerations.
func ValidateTolerations(tolerations []corev1.Toleration, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range tolerations {
		t, ip := &tolerations[i], p.Index(i)
		if t.Key != "" {
			errs = append(errs, metavalidation.ValidateLabelName(t.Key, ip.Child("key"))...)
		}
		if t.Key == "" && t.Operator != corev1.TolerationOpExists {
			errs = append(errs, field.Invalid(ip.Child("operator"), t.Operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
		}
		if t.TolerationSeconds != nil && t.Effect != corev1.TaintEffectNoExecute {
			errs = append(errs, field.Invalid(ip.Child("effect"), t.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
		}
		errs = append(errs, validateTolerated(t, ip.Child("operator"))...)
		if t.Effect != "" {
			errs = append(errs, meta.Enum(ip.Child("effect"), t.Effect,
				corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)...)
		}
	}
	return errs
}

// validateTolerated judges which values of a taint are tolerated. Values cannot
// be compared as numbers; who tries is told all operators that there are.
func validateTolerated(t *corev1.Toleration, p *field.Path) field.ErrorList {
	operators := []corev1.TolerationOperator{corev1.TolerationOpEqual, corev1.TolerationOpExists}
	switch t.Operator {
	case corev1.TolerationOpEqual, "":
		if msgs := validation.IsValidLabelValue(t.Value); len(msgs) > 0 {
			return field.ErrorList{field.Invalid(p, t.Value, strings.Join(msgs, ";"))}
		}
		return nil
	case corev1.TolerationOpExists:
		if t.Value != "" {
			return field.ErrorList{field.Invalid(p, t.Value, "value must be empty when `operator` is 'Exists'")}
		}
		return nil
	case corev1.TolerationOpLt, corev1.TolerationOpGt:
		operators = append(operators, corev1.TolerationOpLt, corev1.TolerationOpGt)
	}
	return field.ErrorList{field.NotSupported(p, t.Operator, operators)}
}

func validateSpread(constraints []corev1.TopologySpreadConstraint, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range constraints {
		c, ip := &constraints[i], p.Index(i)
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
		errs = append(errs, validateMinDomains(c, ip.Child("minDomains"))...)
		policies := []corev1.NodeInclusionPolicy{corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore}
		errs = append(errs, meta.EnumOr(ip.Child("nodeAffinityPolicy"), c.NodeAffinityPolicy, policies...)...)
		errs = append(errs, meta.EnumOr(ip.Child("nodeTaintsPolicy"), c.NodeTaintsPolicy, policies...)...)
		errs = append(errs, validateLabelKeys(c.MatchLabelKeys, c.LabelSelector, ip.Child("matchLabelKeys"))...)
		errs = append(errs, keysInBoth(c.MatchLabelKeys, c.LabelSelector, ip)...)
		errs = append(errs, meta.Selector(ip.Child("labelSelector"), c.LabelSelector)...)
	}
	return errs
}

func validateMinDomains(c *corev1.TopologySpreadConstraint, p *field.Path) field.ErrorList {
	if c.MinDomains == nil {
		return nil
	}
	errs := meta.Positive(p, *c.MinDomains)
	if c.WhenUnsatisfiable != corev1.DoNotSchedule {
		errs = append(errs, field.Invalid(p, *c.MinDomains,
			fmt.Sprintf("can only use minDomains if whenUnsatisfiable=%s, not %s", corev1.DoNotSchedule, c.WhenUnsatisfiable)))
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
