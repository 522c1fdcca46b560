package apps

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// Defaults that several workloads share.
const revisionHistoryLimit = 10

// templatePath is where all workloads have theirs.
var templatePath = field.NewPath("spec", "template")

// selectorRules want a selector that is there, is valid and selects something.
// kind is the workload that the message names.
func selectorRules(p *field.Path, s *metav1.LabelSelector, kind string) field.ErrorList {
	if s == nil {
		return field.ErrorList{field.Required(p, "")}
	}
	return append(meta.Selector(p, s), notEmpty(p, s, kind)...)
}

func notEmpty(p *field.Path, s *metav1.LabelSelector, kind string) field.ErrorList {
	if s == nil || len(s.MatchLabels)+len(s.MatchExpressions) > 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p, s, "empty selector is invalid for "+kind)}
}

// selects wants a workload's selector to select the pods of its template, which
// stands at p. A selector that is missing selects none.
func selects(s labels.Selector, t *corev1.PodTemplateSpec, p *field.Path) field.ErrorList {
	if s.Matches(labels.Set(t.Labels)) {
		return nil
	}
	return field.ErrorList{field.Invalid(p.Child("metadata", "labels"), t.Labels, "`selector` does not match template `labels`")}
}

// endless wants pods that run until somebody ends them. kind is the workload
// that the message names.
func endless(t *corev1.PodTemplateSpec, p *field.Path, kind string) field.ErrorList {
	var errs field.ErrorList
	if t.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, field.NotSupported(p.Child("spec", "restartPolicy"), t.Spec.RestartPolicy, []corev1.RestartPolicy{corev1.RestartPolicyAlways}))
	}
	if t.Spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(p.Child("spec", "activeDeadlineSeconds"), "activeDeadlineSeconds in "+kind+" is not Supported"))
	}
	return errs
}

// replicas are the rules of selector and template that a ReplicaSet has, and so
// a Deployment, which makes them. The template of a selector that cannot be
// read is not judged.
func replicas(p *field.Path, s *metav1.LabelSelector, t *corev1.PodTemplateSpec) field.ErrorList {
	sp, tp := p.Child("selector"), p.Child("template")
	errs := selectorRules(sp, s, "deployment")
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return append(errs, field.Invalid(sp, s, "invalid label selector"))
	}
	errs = append(errs, selects(selector, t, tp)...)
	errs = append(errs, pod.ValidateTemplate(t, tp)...)
	return append(errs, endless(t, tp, "ReplicaSet")...)
}

// collisions counts names that were taken; it only grows.
func collisions(p *field.Path, is, was *int32) field.ErrorList {
	if was != nil && (is == nil || *is < *was) {
		return field.ErrorList{field.Invalid(p.Child("collisionCount"), ptr.Deref(is, 0), "cannot be decremented")}
	}
	return nil
}
