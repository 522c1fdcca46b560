package batch

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// Limits of the policies that say when a Job fails and when it succeeds.
const (
	maxRules            = 20
	maxExitCodes        = 255
	maxConditions       = 20
	maxSucceededIndexes = 64 * 1024
)

func validateFailurePolicy(s *batchv1.JobSpec, p *field.Path) field.ErrorList {
	if s.PodFailurePolicy == nil {
		return nil
	}
	var errs field.ErrorList
	rules, rp := s.PodFailurePolicy.Rules, p.Child("rules")
	if len(rules) > maxRules {
		errs = append(errs, field.TooMany(rp, len(rules), maxRules))
	}
	names := sets.New[string]()
	for _, list := range [][]corev1.Container{s.Template.Spec.Containers, s.Template.Spec.InitContainers} {
		for _, c := range list {
			names.Insert(c.Name)
		}
	}
	for i := range rules {
		errs = append(errs, validateFailureRule(&rules[i], s.BackoffLimitPerIndex != nil, names, rp.Index(i))...)
	}
	return errs
}

func validateFailureRule(r *batchv1.PodFailurePolicyRule, perIndex bool, names sets.Set[string], p *field.Path) field.ErrorList {
	var errs field.ErrorList
	actions := []batchv1.PodFailurePolicyAction{
		batchv1.PodFailurePolicyActionCount, batchv1.PodFailurePolicyActionFailIndex, batchv1.PodFailurePolicyActionFailJob, batchv1.PodFailurePolicyActionIgnore,
	}
	switch {
	case r.Action == "":
		errs = append(errs, field.Required(p.Child("action"), fmt.Sprintf("valid values: %q", actions)))
	case r.Action == batchv1.PodFailurePolicyActionFailIndex && !perIndex:
		errs = append(errs, field.Invalid(p.Child("action"), r.Action, "requires the backoffLimitPerIndex to be set"))
	default:
		errs = append(errs, meta.OneOf(p.Child("action"), r.Action, actions...)...)
	}
	if r.OnExitCodes != nil {
		errs = append(errs, validateExitCodes(r.OnExitCodes, names, p.Child("onExitCodes"))...)
	}
	errs = append(errs, validateConditions(r.OnPodConditions, p.Child("onPodConditions"))...)
	switch codes, conditions := r.OnExitCodes != nil, len(r.OnPodConditions) > 0; {
	case codes && conditions:
		errs = append(errs, field.Invalid(p, field.OmitValueType{}, "specifying both OnExitCodes and OnPodConditions is not supported"))
	case !codes && !conditions:
		errs = append(errs, field.Invalid(p, field.OmitValueType{}, "specifying one of OnExitCodes and OnPodConditions is required"))
	}
	return errs
}

func validateConditions(conditions []batchv1.PodFailurePolicyOnPodConditionsPattern, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(conditions) > maxConditions {
		errs = append(errs, field.TooMany(p, len(conditions), maxConditions))
	}
	statuses := []corev1.ConditionStatus{corev1.ConditionFalse, corev1.ConditionTrue, corev1.ConditionUnknown}
	for i, c := range conditions {
		errs = append(errs, meta.Invalid(p.Index(i).Child("type"), string(c.Type), validation.IsQualifiedName(string(c.Type)))...)
		if c.Status == "" {
			errs = append(errs, field.Required(p.Index(i).Child("status"), fmt.Sprintf("valid values: %q", statuses)))
		} else {
			errs = append(errs, meta.OneOf(p.Index(i).Child("status"), c.Status, statuses...)...)
		}
	}
	return errs
}

func validateExitCodes(r *batchv1.PodFailurePolicyOnExitCodesRequirement, names sets.Set[string], p *field.Path) field.ErrorList {
	var errs field.ErrorList
	operators := []batchv1.PodFailurePolicyOnExitCodesOperator{batchv1.PodFailurePolicyOnExitCodesOpIn, batchv1.PodFailurePolicyOnExitCodesOpNotIn}
	if r.Operator == "" {
		errs = append(errs, field.Required(p.Child("operator"), fmt.Sprintf("valid values: %q", operators)))
	} else {
		errs = append(errs, meta.OneOf(p.Child("operator"), r.Operator, operators...)...)
	}
	if n := r.ContainerName; n != nil && !names.Has(*n) {
		errs = append(errs, field.Invalid(p.Child("containerName"), *n, "must be one of the container or initContainer names in the pod template"))
	}
	vp := p.Child("values")
	if len(r.Values) == 0 {
		errs = append(errs, field.Invalid(vp, r.Values, "at least one value is required"))
	} else if len(r.Values) > maxExitCodes {
		errs = append(errs, field.TooMany(vp, len(r.Values), maxExitCodes))
	}
	seen, ordered := meta.Unique[int32]{}, true
	for i, code := range r.Values {
		if code == 0 && r.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn {
			errs = append(errs, field.Invalid(vp.Index(i), code, "must not be 0 for the In operator"))
		}
		errs = append(errs, seen.Check(vp.Index(i), code)...)
		ordered = ordered && (i == 0 || r.Values[i-1] <= code)
	}
	if !ordered {
		errs = append(errs, field.Invalid(vp, r.Values, "must be ordered"))
	}
	return errs
}

func validateSuccessPolicy(s *batchv1.JobSpec, p *field.Path) field.ErrorList {
	switch {
	case s.SuccessPolicy == nil:
		return nil
	case !indexed(s):
		return field.ErrorList{field.Invalid(p, *s.SuccessPolicy, "requires indexed completion mode")}
	case s.Completions == nil:
		return nil // said already
	}
	var errs field.ErrorList
	rules, rp := s.SuccessPolicy.Rules, p.Child("rules")
	if len(rules) == 0 {
		errs = append(errs, field.Required(rp, "at least one rules must be specified when the successPolicy is specified"))
	}
	if len(rules) > maxRules {
		errs = append(errs, field.TooMany(rp, len(rules), maxRules))
	}
	for i := range rules {
		errs = append(errs, validateSuccessRule(&rules[i], *s.Completions, rp.Index(i))...)
	}
	return errs
}

func validateSuccessRule(r *batchv1.SuccessPolicyRule, completions int32, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if r.SucceededCount == nil && r.SucceededIndexes == nil {
		errs = append(errs, field.Required(p, "at least one of succeededCount or succeededIndexes must be specified"))
	}
	var listed int32
	if list := r.SucceededIndexes; list != nil {
		ip := p.Child("succeededIndexes")
		if len(*list) > maxSucceededIndexes {
			errs = append(errs, field.TooLong(ip, "", maxSucceededIndexes))
		}
		var err error
		if listed, err = countIndexes(*list, completions); err != nil {
			errs = append(errs, field.Invalid(ip, *list, "error parsing succeededIndexes: "+err.Error()))
		}
	}
	if n := r.SucceededCount; n != nil {
		cp := p.Child("succeededCount")
		errs = append(errs, meta.NonNegative(cp, *n)...)
		if *n > completions {
			errs = append(errs, field.Invalid(cp, *n, fmt.Sprintf("must be less than or equal to %d (the number of specified completions)", completions)))
		}
		if r.SucceededIndexes != nil && *n > listed {
			errs = append(errs, field.Invalid(cp, *n, fmt.Sprintf("must be less than or equal to %d (the number of indexes in the specified succeededIndexes field)", listed)))
		}
	}
	return errs
}
