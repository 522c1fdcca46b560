package batch

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
)

func validateJobUpdate(o, old *batchv1.Job) field.ErrorList {
	s, was, p := &o.Spec, &old.Spec, field.NewPath("spec")
	_, uid := was.Template.Labels[batchv1.ControllerUidLabel]
	_, name := was.Template.Labels[batchv1.JobNameLabel]
	errs := validateJob(o, uid && name)
	switch same := ptr.Equal(s.Completions, was.Completions); {
	case same, indexed(s) && s.Completions == nil: // said already
	case !indexed(s):
		errs = append(errs, meta.Immutable(p.Child("completions"), s.Completions, was.Completions)...)
	case s.Parallelism == nil || *s.Completions != *s.Parallelism:
		errs = append(errs, field.Invalid(p.Child("completions"), *s.Completions, "can only be modified in tandem with spec.parallelism"))
	}
	errs = append(errs, meta.Immutable(p.Child("selector"), s.Selector, was.Selector)...)
	errs = append(errs, meta.Immutable(p.Child("template"), s.Template, mutable(old, &s.Template))...)
	errs = append(errs, meta.Immutable(p.Child("completionMode"), s.CompletionMode, was.CompletionMode)...)
	errs = append(errs, meta.Immutable(p.Child("podFailurePolicy"), s.PodFailurePolicy, was.PodFailurePolicy)...)
	errs = append(errs, meta.Immutable(p.Child("backoffLimitPerIndex"), s.BackoffLimitPerIndex, was.BackoffLimitPerIndex)...)
	errs = append(errs, meta.Immutable(p.Child("managedBy"), s.ManagedBy, was.ManagedBy)...)
	return append(errs, meta.Immutable(p.Child("successPolicy"), s.SuccessPolicy, was.SuccessPolicy)...)
}

// mutable is the old template, with those fields of t that may change as long
// as the Job is suspended and none of its pods runs: where they go, and what
// they ask for.
func mutable(old *batchv1.Job, t *corev1.PodTemplateSpec) corev1.PodTemplateSpec {
	was := *old.Spec.Template.DeepCopy()
	if !ptr.Deref(old.Spec.Suspend, false) || old.Status.Active > 0 || old.Status.StartTime != nil && !is(old, batchv1.JobSuspended) {
		return was
	}
	was.Labels, was.Annotations = t.Labels, t.Annotations
	was.Spec.NodeSelector = t.Spec.NodeSelector
	was.Spec.Affinity = withNodeAffinity(was.Spec.Affinity, t.Spec.Affinity)
	was.Spec.Tolerations, was.Spec.SchedulingGates = t.Spec.Tolerations, t.Spec.SchedulingGates
	takeResources(was.Spec.Containers, t.Spec.Containers)
	takeResources(was.Spec.InitContainers, t.Spec.InitContainers)
	return was
}

// withNodeAffinity is a, with b's affinity to nodes.
func withNodeAffinity(a, b *corev1.Affinity) *corev1.Affinity {
	switch {
	case a == nil && b != nil:
		return &corev1.Affinity{NodeAffinity: b.NodeAffinity}
	case a != nil && b != nil:
		a.NodeAffinity = b.NodeAffinity
	case a != nil:
		if a.NodeAffinity = nil; *a == (corev1.Affinity{}) {
			return nil
		}
	}
	return a
}

func takeResources(to, from []corev1.Container) {
	for i := range min(len(to), len(from)) {
		to[i].Resources.Requests, to[i].Resources.Limits = from[i].Resources.Requests, from[i].Resources.Limits
	}
}
