package batch

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
)

func is(o *batchv1.Job, t batchv1.JobConditionType) bool {
	for _, c := range o.Status.Conditions {
		if c.Type == t && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

// validateJobStatus judges what controllers write of a Job: conditions that go
// together, and nothing that takes back what was said before.
func validateJobStatus(o, old *batchv1.Job) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	var errs field.ErrorList
	for _, f := range []struct {
		name string
		n    *int32
	}{{"active", &s.Active}, {"succeeded", &s.Succeeded}, {"failed", &s.Failed}, {"ready", s.Ready}, {"terminating", s.Terminating}} {
		errs = append(errs, meta.NonNegativeOr(p.Child(f.name), f.n)...)
	}
	errs = append(errs, validateUncounted(s.UncountedTerminatedPods, p.Child("uncountedTerminatedPods"))...)
	errs = append(errs, validateJobConditions(o, p.Child("conditions"))...)
	errs = append(errs, validateJobTimes(o, old, p)...)
	if is(o, batchv1.JobComplete) || is(o, batchv1.JobFailed) {
		errs = append(errs, validateFinished(s, p)...)
	}
	if s.Ready != nil && *s.Ready > s.Active {
		errs = append(errs, field.Invalid(p.Child("ready"), *s.Ready, "cannot set more ready pods than active"))
	}
	errs = append(errs, validateIndexLists(o, p)...)
	for _, t := range []batchv1.JobConditionType{batchv1.JobFailed, batchv1.JobComplete, batchv1.JobFailureTarget} {
		if is(old, t) && !is(o, t) {
			errs = append(errs, field.Invalid(p.Child("conditions"), field.OmitValueType{}, fmt.Sprintf("cannot disable the terminal %s=True condition", t)))
		}
	}
	if is(old, batchv1.JobSuccessCriteriaMet) && !is(o, batchv1.JobSuccessCriteriaMet) {
		errs = append(errs, field.Invalid(p.Child("conditions"), field.OmitValueType{}, "cannot disable the SuccessCriteriaMet=True condition"))
	}
	if s.Failed < old.Status.Failed {
		errs = append(errs, field.Invalid(p.Child("failed"), s.Failed, "cannot decrease the failed counter"))
	}
	if s.Succeeded < old.Status.Succeeded {
		errs = append(errs, field.Invalid(p.Child("succeeded"), s.Succeeded, "cannot decrease the succeeded counter"))
	}
	return errs
}

func validateUncounted(u *batchv1.UncountedTerminatedPods, p *field.Path) field.ErrorList {
	if u == nil {
		return nil
	}
	var errs field.ErrorList
	seen := meta.Unique[types.UID]{}
	for _, list := range []struct {
		name string
		uids []types.UID
	}{{"succeeded", u.Succeeded}, {"failed", u.Failed}} {
		for i, uid := range list.uids {
			if uid == "" {
				errs = append(errs, field.Invalid(p.Child(list.name).Index(i), uid, "must not be empty"))
			} else {
				errs = append(errs, seen.Check(p.Child(list.name).Index(i), uid)...)
			}
		}
	}
	return errs
}

func validateJobConditions(o *batchv1.Job, p *field.Path) field.ErrorList {
	complete, failed := is(o, batchv1.JobComplete), is(o, batchv1.JobFailed)
	failing, met := is(o, batchv1.JobFailureTarget), is(o, batchv1.JobSuccessCriteriaMet)
	var errs field.ErrorList
	for _, c := range []struct {
		wrong bool
		why   string
	}{
		{complete && failed, "cannot set Complete=True and Failed=true conditions"},
		{complete && failing, "cannot set Complete=True and FailureTarget=true conditions"},
		{failed && !failing, "cannot set Failed=True condition without the FailureTarget=true condition"},
		{complete && !met, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"},
		{met && failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions"},
		{met && failing, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"},
		{o.Spec.SuccessPolicy != nil && !met && complete, "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"},
	} {
		if c.wrong {
			errs = append(errs, field.Invalid(p, field.OmitValueType{}, c.why))
		}
	}
	return errs
}

func validateJobTimes(o, old *batchv1.Job, p *field.Path) field.ErrorList {
	s, cp := &o.Status, p.Child("completionTime")
	var errs field.ErrorList
	switch complete := is(o, batchv1.JobComplete); {
	case s.CompletionTime != nil && !complete:
		errs = append(errs, field.Invalid(cp, s.CompletionTime, "cannot set completionTime when there is no Complete=True condition"))
	case s.CompletionTime == nil && complete:
		errs = append(errs, field.Required(cp, "completionTime is required for Complete jobs"))
	}
	if s.StartTime != nil && s.CompletionTime != nil && s.CompletionTime.Before(s.StartTime) {
		errs = append(errs, field.Invalid(cp, s.CompletionTime, "completionTime cannot be set before startTime"))
	}
	if was := old.Status.CompletionTime; was != nil && s.CompletionTime != nil && !was.Equal(s.CompletionTime) {
		errs = append(errs, field.Invalid(cp, s.CompletionTime, "completionTime cannot be mutated"))
	}
	if was := old.Status.StartTime; was != nil && !was.Equal(s.StartTime) && !ptr.Deref(o.Spec.Suspend, false) {
		errs = append(errs, field.Required(p.Child("startTime"), "startTime cannot be removed for unsuspended job"))
	}
	return errs
}

func validateFinished(s *batchv1.JobStatus, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.Active > 0 {
		errs = append(errs, field.Invalid(p.Child("active"), s.Active, "active>0 is invalid for finished job"))
	}
	if s.StartTime == nil {
		errs = append(errs, field.Required(p.Child("startTime"), "startTime is required for finished job"))
	}
	if u := s.UncountedTerminatedPods; u != nil && len(u.Failed)+len(u.Succeeded) > 0 {
		errs = append(errs, field.Invalid(p.Child("uncountedTerminatedPods"), u, "uncountedTerminatedPods needs to be empty for finished job"))
	}
	if n := ptr.Deref(s.Terminating, 0); n > 0 {
		errs = append(errs, field.Invalid(p.Child("terminating"), n, "terminating>0 is invalid for finished job"))
	}
	return errs
}

func validateIndexLists(o *batchv1.Job, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	list := func(name, value string) {
		if o.Spec.Completions == nil {
			return
		}
		if _, err := countIndexes(value, *o.Spec.Completions); err != nil {
			errs = append(errs, field.Invalid(p.Child(name), value, fmt.Sprintf("error parsing %s: %s", name, err)))
		}
	}
	list("completedIndexes", o.Status.CompletedIndexes)
	if o.Status.CompletedIndexes != "" && !indexed(&o.Spec) {
		errs = append(errs, field.Invalid(p.Child("completedIndexes"), o.Status.CompletedIndexes, "cannot set non-empty completedIndexes when non-indexed completion mode"))
	}
	switch failed := o.Status.FailedIndexes; {
	case failed == nil:
	case o.Spec.BackoffLimitPerIndex == nil:
		errs = append(errs, field.Invalid(p.Child("failedIndexes"), *failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null"))
	default:
		list("failedIndexes", *failed)
	}
	return errs
}
