package batch

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// validateJob judges a whole Job. prefixed says that its pods must have the
// labels with a domain, which those of older Jobs have not.
func validateJob(o *batchv1.Job, prefixed bool) field.ErrorList {
	p := field.NewPath("spec")
	errs := validateOwnSelector(o, prefixed)
	errs = append(errs, validateJobSpec(&o.Spec, p)...)
	if o.Spec.Selector == nil {
		errs = append(errs, field.Required(p.Child("selector"), ""))
	}
	errs = append(errs, meta.Selector(p.Child("selector"), o.Spec.Selector)...)
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err == nil && !selector.Matches(labels.Set(o.Spec.Template.Labels)) {
		errs = append(errs, field.Invalid(p.Child("template", "metadata", "labels"), o.Spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	if n := ptr.Deref(o.Spec.Completions, 0); indexed(&o.Spec) && n > 0 {
		// The index goes behind the name, in the host names of the pods.
		last := fmt.Sprintf("%s-%d", o.Name, n-1)
		if len(validation.IsDNS1123Label(last)) > 0 {
			errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), o.Name, "will not able to create pod with invalid DNS label: "+last))
		}
	}
	return errs
}

// validateOwnSelector: unless its user selects by hand, a Job has the labels
// that make its pods its own, as they were made for it.
func validateOwnSelector(o *batchv1.Job, prefixed bool) field.ErrorList {
	if ptr.Deref(o.Spec.ManualSelector, false) || o.Spec.Selector == nil {
		return nil
	}
	type label struct{ key, value string }
	want := []label{{legacyUIDLabel, string(o.UID)}, {legacyNameLabel, o.Name}}
	if prefixed {
		want = append(want, label{batchv1.ControllerUidLabel, string(o.UID)}, label{batchv1.JobNameLabel, o.Name})
	}
	var errs field.ErrorList
	own := labels.Set{}
	for _, l := range want {
		own[l.key] = l.value
		at := field.NewPath("spec", "template", "metadata", "labels").Key(l.key)
		if got, ok := o.Spec.Template.Labels[l.key]; !ok {
			errs = append(errs, field.Required(at, fmt.Sprintf("must be '%s'", l.value)))
		} else if got != l.value {
			errs = append(errs, field.Invalid(at, o.Spec.Template.Labels, fmt.Sprintf("must be '%s'", l.value)))
		}
	}
	if selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector); err == nil && !selector.Matches(own) {
		errs = append(errs, field.Invalid(field.NewPath("spec", "selector"), o.Spec.Selector, "`selector` not auto-generated"))
	}
	return errs
}

func indexed(s *batchv1.JobSpec) bool {
	return s.CompletionMode != nil && *s.CompletionMode == batchv1.IndexedCompletion
}

const maxManagedBy = 63

// validateJobSpec judges what a Job and the template of a CronJob share.
func validateJobSpec(s *batchv1.JobSpec, p *field.Path) field.ErrorList {
	errs := meta.NonNegativeOr(p.Child("parallelism"), s.Parallelism)
	errs = append(errs, meta.NonNegativeOr(p.Child("completions"), s.Completions)...)
	errs = append(errs, meta.NonNegativeOr(p.Child("activeDeadlineSeconds"), s.ActiveDeadlineSeconds)...)
	errs = append(errs, meta.NonNegativeOr(p.Child("backoffLimit"), s.BackoffLimit)...)
	errs = append(errs, meta.NonNegativeOr(p.Child("ttlSecondsAfterFinished"), s.TTLSecondsAfterFinished)...)
	errs = append(errs, meta.NonNegativeOr(p.Child("backoffLimitPerIndex"), s.BackoffLimitPerIndex)...)
	errs = append(errs, meta.NonNegativeOr(p.Child("maxFailedIndexes"), s.MaxFailedIndexes)...)
	if s.MaxFailedIndexes != nil && s.BackoffLimitPerIndex == nil {
		errs = append(errs, field.Required(p.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"))
	}
	if m := s.ManagedBy; m != nil {
		errs = append(errs, validation.IsDomainPrefixedPath(p.Child("managedBy"), *m)...)
		if len(*m) > maxManagedBy {
			errs = append(errs, field.TooLong(p.Child("managedBy"), "", maxManagedBy))
		}
	}
	errs = append(errs, meta.EnumOr(p.Child("completionMode"), s.CompletionMode, batchv1.NonIndexedCompletion, batchv1.IndexedCompletion)...)
	errs = append(errs, validateIndexes(s, p)...)
	errs = append(errs, validateFailurePolicy(s, p.Child("podFailurePolicy"))...)
	errs = append(errs, validateSuccessPolicy(s, p.Child("successPolicy"))...)
	replacements := []batchv1.PodReplacementPolicy{batchv1.Failed, batchv1.TerminatingOrFailed}
	if s.PodFailurePolicy != nil {
		replacements = replacements[:1]
	}
	errs = append(errs, meta.EnumOr(p.Child("podReplacementPolicy"), s.PodReplacementPolicy, replacements...)...)
	errs = append(errs, pod.ValidateTemplate(&s.Template, p.Child("template"))...)
	return append(errs, validateJobRestart(s, p.Child("template", "spec", "restartPolicy"))...)
}

// Limits of indexed Jobs: their status lists indexes, and must stay small.
const (
	maxIndexedParallelism = 100_000
	maxFailedIndexes      = 100_000
	manyCompletions       = 100_000
	maxFailedOfMany       = 10_000
	maxParallelismOfMany  = 10_000
)

func validateIndexes(s *batchv1.JobSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if ptr.Deref(s.CompletionMode, batchv1.NonIndexedCompletion) == batchv1.NonIndexedCompletion {
		if s.BackoffLimitPerIndex != nil {
			errs = append(errs, field.Invalid(p.Child("backoffLimitPerIndex"), *s.BackoffLimitPerIndex, "requires indexed completion mode"))
		}
		if s.MaxFailedIndexes != nil {
			errs = append(errs, field.Invalid(p.Child("maxFailedIndexes"), *s.MaxFailedIndexes, "requires indexed completion mode"))
		}
	}
	if !indexed(s) {
		return errs
	}
	atMost := func(name string, n *int32, most int32, why string) {
		if n != nil && *n > most {
			errs = append(errs, field.Invalid(p.Child(name), *n, "must be less than or equal to "+why))
		}
	}
	if s.Completions == nil {
		errs = append(errs, field.Required(p.Child("completions"), "when completion mode is Indexed"))
	}
	atMost("parallelism", s.Parallelism, maxIndexedParallelism, fmt.Sprintf("%d when completion mode is Indexed", maxIndexedParallelism))
	if s.Completions != nil {
		atMost("maxFailedIndexes", s.MaxFailedIndexes, *s.Completions, "completions")
	}
	atMost("maxFailedIndexes", s.MaxFailedIndexes, maxFailedIndexes, fmt.Sprint(maxFailedIndexes))
	if ptr.Deref(s.Completions, 0) <= manyCompletions || s.BackoffLimitPerIndex == nil {
		return errs
	}
	if s.MaxFailedIndexes == nil {
		errs = append(errs, field.Required(p.Child("maxFailedIndexes"), fmt.Sprintf("must be specified when completions is above %d", manyCompletions)))
	}
	const many = "%d when completions are above %d and used with backoff limit per index"
	atMost("parallelism", s.Parallelism, maxParallelismOfMany, fmt.Sprintf(many, maxParallelismOfMany, manyCompletions))
	atMost("maxFailedIndexes", s.MaxFailedIndexes, maxFailedOfMany, fmt.Sprintf(many, maxFailedOfMany, manyCompletions))
	return errs
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

// jobWarnings remark on Jobs whose status may outgrow what can be stored, and
// on their pods.
func jobWarnings(s *batchv1.JobSpec, p *field.Path) []string {
	var out []string
	if indexed(s) && ptr.Deref(s.Completions, 0) > manyCompletions && ptr.Deref(s.Parallelism, 0) > maxParallelismOfMany {
		out = append(out, p.String()+": In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "+
			"Kubernetes might not be able to track completedIndexes when a big number of indexes fail")
	}
	return append(out, pod.TemplateWarnings(&s.Template, p.Child("template"))...)
}
