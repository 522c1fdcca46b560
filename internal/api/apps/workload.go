package apps

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// Defaults that several workloads share.
const revisionHistoryLimit = 10

// workload is what the rules of all workloads look at: a selector and the
// template of the pods that it must select.
type workload struct {
	kind     string // as messages name it
	selector *metav1.LabelSelector
	template *corev1.PodTemplateSpec
	// emptyKind is the kind that the message about an empty selector names.
	emptyKind string
}

// validate judges the workload's spec, which stands at p.
func (w workload) validate(p *field.Path) field.ErrorList {
	sp, tp := p.Child("selector"), p.Child("template")
	var errs field.ErrorList
	if w.selector == nil {
		errs = append(errs, field.Required(sp, ""))
	} else {
		errs = append(errs, meta.Selector(sp, w.selector)...)
		if len(w.selector.MatchLabels)+len(w.selector.MatchExpressions) == 0 {
			errs = append(errs, field.Invalid(sp, w.selector, "empty selector is invalid for "+w.emptyKind))
		}
	}
	selector, err := metav1.LabelSelectorAsSelector(w.selector)
	switch {
	case err != nil:
		errs = append(errs, field.Invalid(sp, w.selector, "invalid label selector"))
	case !selector.Empty() && w.selector != nil && !selector.Matches(labels.Set(w.template.Labels)):
		errs = append(errs, field.Invalid(tp.Child("metadata", "labels"), w.template.Labels, "`selector` does not match template `labels`"))
	}
	errs = append(errs, pod.ValidateTemplate(w.template, tp)...)
	if w.template.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, field.NotSupported(tp.Child("spec", "restartPolicy"), w.template.Spec.RestartPolicy,
			[]corev1.RestartPolicy{corev1.RestartPolicyAlways}))
	}
	if w.template.Spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(tp.Child("spec", "activeDeadlineSeconds"), "activeDeadlineSeconds in "+w.kind+" is not Supported"))
	}
	return errs
}

// intOrPercent wants a number of pods, or a percentage.
func intOrPercent(p *field.Path, v *intstr.IntOrString) field.ErrorList {
	switch {
	case v == nil:
		return nil
	case v.Type == intstr.String:
		return meta.Invalid(p, *v, validation.IsValidPercent(v.StrVal))
	case v.IntVal < 0:
		return meta.NonNegative(p, v.IntVal)
	}
	return nil
}

// atMostAll wants a percentage, if it is one, to be no more than 100%.
func atMostAll(p *field.Path, v *intstr.IntOrString) field.ErrorList {
	if v == nil || v.Type != intstr.String {
		return nil
	}
	if n, ok := percent(v); ok && n > 100 {
		return field.ErrorList{field.Invalid(p, *v, "must not be greater than 100%")}
	}
	return nil
}

// zero says that v comes to nothing, as 0 or as 0%.
func zero(v *intstr.IntOrString) bool {
	if v == nil {
		return true
	}
	if v.Type == intstr.String {
		n, ok := percent(v)
		return ok && n == 0
	}
	return v.IntVal == 0
}

func percent(v *intstr.IntOrString) (int, bool) {
	var n int
	_, err := fmt.Sscanf(strings.TrimSuffix(v.StrVal, "%"), "%d", &n)
	return n, err == nil
}

// collisions counts names that were taken; it only grows.
func collisions(p *field.Path, is, was *int32) field.ErrorList {
	errs := meta.NonNegativeOr(p.Child("collisionCount"), is)
	if was != nil && (is == nil || *is < *was) {
		errs = append(errs, field.Invalid(p.Child("collisionCount"), ptr.Deref(is, 0), "cannot be decremented"))
	}
	return errs
}

// replicaCounts judges the numbers of a status: none below zero, none above
// the number of replicas.
func replicaCounts(p *field.Path, replicas int32, counts map[string]int32) field.ErrorList {
	errs := meta.NonNegative(p.Child("replicas"), replicas)
	errs = append(errs, meta.NonNegatives(p, counts)...)
	for _, name := range []string{"fullyLabeledReplicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"} {
		if n := counts[name]; n > replicas {
			errs = append(errs, field.Invalid(p.Child(name), n, "cannot be greater than status.replicas"))
		}
	}
	return errs
}
