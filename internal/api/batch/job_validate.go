package batch

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

func validateJob(o *batchv1.Job) field.ErrorList {
	p := field.NewPath("spec")
	errs := validateJobSpec(&o.Spec, p)
	if o.Spec.Selector == nil {
		return append(errs, field.Required(p.Child("selector"), ""))
	}
	errs = append(errs, meta.Selector(p.Child("selector"), o.Spec.Selector)...)
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err == nil && !selector.Matches(labels.Set(o.Spec.Template.Labels)) {
		errs = append(errs, field.Invalid(p.Child("template", "metadata", "labels"), o.Spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	return errs
}

// validateJobSpec judges what a Job and the template of a CronJob share.
func validateJobSpec(s *batchv1.JobSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, f := range []struct {
		name string
		n    *int32
	}{
		{"parallelism", s.Parallelism}, {"completions", s.Completions}, {"backoffLimit", s.BackoffLimit},
		{"ttlSecondsAfterFinished", s.TTLSecondsAfterFinished}, {"backoffLimitPerIndex", s.BackoffLimitPerIndex},
		{"maxFailedIndexes", s.MaxFailedIndexes},
	} {
		errs = append(errs, meta.NonNegativeOr(p.Child(f.name), f.n)...)
	}
	errs = append(errs, meta.NonNegativeOr(p.Child("activeDeadlineSeconds"), s.ActiveDeadlineSeconds)...)
	errs = append(errs, meta.EnumOr(p.Child("completionMode"), s.CompletionMode, batchv1.NonIndexedCompletion, batchv1.IndexedCompletion)...)
	indexed := s.CompletionMode != nil && *s.CompletionMode == batchv1.IndexedCompletion
	if indexed && s.Completions == nil {
		errs = append(errs, field.Required(p.Child("completions"), fmt.Sprintf("when completion mode is %s", batchv1.IndexedCompletion)))
	}
	if !indexed && s.BackoffLimitPerIndex != nil {
		errs = append(errs, field.Invalid(p.Child("backoffLimitPerIndex"), *s.BackoffLimitPerIndex, "requires indexed completion mode"))
	}
	errs = append(errs, meta.EnumOr(p.Child("podReplacementPolicy"), s.PodReplacementPolicy, batchv1.Failed, batchv1.TerminatingOrFailed)...)
	errs = append(errs, pod.ValidateTemplate(&s.Template, p.Child("template"))...)
	return append(errs, validateJobRestart(s, p.Child("template", "spec", "restartPolicy"))...)
}

func validateJobRestart(s *batchv1.JobSpec, p *field.Path) field.ErrorList {
	switch s.Template.Spec.RestartPolicy {
	case corev1.RestartPolicyOnFailure:
		if s.PodFailurePolicy != nil {
			return field.ErrorList{field.Invalid(p, corev1.RestartPolicyOnFailure, "only \"Never\" is supported when podFailurePolicy is specified")}
		}
		return nil
	case corev1.RestartPolicyNever:
		return nil
	case corev1.RestartPolicyAlways, "":
		// It is the default of pods, so most who see this left it out.
		return field.ErrorList{field.Required(p, fmt.Sprintf("valid values: %q, %q", corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever))}
	}
	return field.ErrorList{field.NotSupported(p, s.Template.Spec.RestartPolicy,
		[]corev1.RestartPolicy{corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever})}
}

func validateJobUpdate(o, old *batchv1.Job) field.ErrorList {
	s, was, p := &o.Spec, &old.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if !elastic(s, was) {
		errs = append(errs, meta.Immutable(p.Child("completions"), s.Completions, was.Completions)...)
	}
	errs = append(errs, meta.Immutable(p.Child("selector"), s.Selector, was.Selector)...)
	errs = append(errs, meta.Immutable(p.Child("template"), s.Template, mutable(old, &s.Template))...)
	errs = append(errs, meta.Immutable(p.Child("completionMode"), s.CompletionMode, was.CompletionMode)...)
	errs = append(errs, meta.Immutable(p.Child("podFailurePolicy"), s.PodFailurePolicy, was.PodFailurePolicy)...)
	errs = append(errs, meta.Immutable(p.Child("backoffLimitPerIndex"), s.BackoffLimitPerIndex, was.BackoffLimitPerIndex)...)
	errs = append(errs, meta.Immutable(p.Child("managedBy"), s.ManagedBy, was.ManagedBy)...)
	return append(errs, meta.Immutable(p.Child("successPolicy"), s.SuccessPolicy, was.SuccessPolicy)...)
}

// elastic: an indexed Job may change its completions together with its
// parallelism.
func elastic(s, was *batchv1.JobSpec) bool {
	return was.CompletionMode != nil && *was.CompletionMode == batchv1.IndexedCompletion &&
		s.Completions != nil && s.Parallelism != nil && was.Completions != nil && was.Parallelism != nil &&
		*s.Completions == *s.Parallelism && *was.Completions == *was.Parallelism
}

// mutable is the old template, with those fields of t that may change as long
// as the Job is suspended and has not started: where its pods go.
func mutable(old *batchv1.Job, t *corev1.PodTemplateSpec) corev1.PodTemplateSpec {
	was := *old.Spec.Template.DeepCopy()
	suspended := old.Spec.Suspend != nil && *old.Spec.Suspend
	if !suspended || old.Status.StartTime != nil {
		return was
	}
	was.Labels, was.Annotations = t.Labels, t.Annotations
	was.Spec.NodeSelector, was.Spec.Affinity = t.Spec.NodeSelector, t.Spec.Affinity
	was.Spec.Tolerations, was.Spec.SchedulingGates = t.Spec.Tolerations, t.Spec.SchedulingGates
	return was
}
