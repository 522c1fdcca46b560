package batch

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
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

func finished(o *batchv1.Job) bool { return is(o, batchv1.JobComplete) || is(o, batchv1.JobFailed) }

// statusChange is a write of a Job's status. What was wrong before and does not
// change is nobody's fault now, so most rules look at changes alone.
type statusChange struct {
	o, old *batchv1.Job
	errs   field.ErrorList
}

// turned says whether one of conditions has come or gone.
func (c *statusChange) turned(conditions ...batchv1.JobConditionType) bool {
	return slices.ContainsFunc(conditions, func(t batchv1.JobConditionType) bool { return is(c.o, t) != is(c.old, t) })
}

func (c *statusChange) ended() bool { return finished(c.o) != finished(c.old) }

func (c *statusChange) started() bool { return !c.o.Status.StartTime.Equal(c.old.Status.StartTime) }

func (c *statusChange) completed() bool {
	return !c.o.Status.CompletionTime.Equal(c.old.Status.CompletionTime)
}

func (c *statusChange) activated() bool { return c.o.Status.Active != c.old.Status.Active }

func (c *statusChange) listed() bool {
	return c.o.Status.CompletedIndexes != c.old.Status.CompletedIndexes
}

func (c *statusChange) failed() bool {
	return !ptr.Equal(c.o.Status.FailedIndexes, c.old.Status.FailedIndexes)
}

// invalid says why the field name is wrong, if it is.
func (c *statusChange) invalid(wrong bool, name string, value any, why string) {
	if wrong {
		c.errs = append(c.errs, field.Invalid(field.NewPath("status", name), value, why))
	}
}

func (c *statusChange) contradiction(wrong bool, why string) {
	c.invalid(wrong, "conditions", field.OmitValueType{}, why)
}

func (c *statusChange) missing(wrong bool, name, why string) {
	if wrong {
		c.errs = append(c.errs, field.Required(field.NewPath("status", name), why))
	}
}

// validateJobStatus judges what controllers write of a Job: conditions that go
// together, and nothing that takes back what was said before.
func validateJobStatus(o, old *batchv1.Job) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	c := &statusChange{o: o, old: old}
	c.errs = meta.NonNegatives(p, meta.CountOf("active", &s.Active), meta.CountOf("succeeded", &s.Succeeded), meta.CountOf("failed", &s.Failed),
		meta.CountOf("ready", s.Ready), meta.CountOf("terminating", s.Terminating))
	c.errs = append(c.errs, validateUncounted(s.UncountedTerminatedPods, p.Child("uncountedTerminatedPods"))...)
	c.ends()
	c.finishes()
	c.indexes()
	c.invalid(finished(o) && ptr.Deref(s.Terminating, 0) > 0 && (c.ended() || !ptr.Equal(s.Terminating, old.Status.Terminating)),
		"terminating", s.Terminating, "terminating>0 is invalid for finished job")
	c.invalid(ptr.Deref(s.Ready, 0) > s.Active && (c.activated() || !ptr.Equal(s.Ready, old.Status.Ready)), "ready", s.Ready, "cannot set more ready pods than active")
	c.succeeds()
	c.takesBack()
	return c.errs
}

// ends judges how a Job says that it has ended, and when.
func (c *statusChange) ends() {
	s, complete, failed := &c.o.Status, is(c.o, batchv1.JobComplete), is(c.o, batchv1.JobFailed)
	c.contradiction(complete && failed && c.turned(batchv1.JobComplete, batchv1.JobFailed), "cannot set Complete=True and Failed=true conditions")
	c.contradiction(complete && is(c.o, batchv1.JobFailureTarget) && c.turned(batchv1.JobComplete, batchv1.JobFailureTarget), "cannot set Complete=True and FailureTarget=true conditions")
	if c.turned(batchv1.JobComplete) || c.completed() {
		c.invalid(s.CompletionTime != nil && !complete, "completionTime", s.CompletionTime, "cannot set completionTime when there is no Complete=True condition")
		c.missing(s.CompletionTime == nil && complete, "completionTime", "completionTime is required for Complete jobs")
	}
	c.invalid(s.CompletionTime.Before(s.StartTime) && (c.started() || c.completed()),
		"completionTime", s.CompletionTime, "must be equal to or after `startTime`")
	c.contradiction(failed && !is(c.o, batchv1.JobFailureTarget) && (c.turned(batchv1.JobFailed) || c.failed()), "cannot set Failed=True condition without the FailureTarget=true condition")
	c.contradiction(complete && !is(c.o, batchv1.JobSuccessCriteriaMet) && c.turned(batchv1.JobComplete, batchv1.JobSuccessCriteriaMet),
		"cannot set Complete=True condition without the SuccessCriteriaMet=true condition")
}

// finishes judges what is left of the pods of a Job that has ended.
func (c *statusChange) finishes() {
	if !finished(c.o) {
		return
	}
	s, spec, u := &c.o.Status, &c.o.Spec, c.o.Status.UncountedTerminatedPods
	// A suspended Job without work ends before it starts.
	idle := ptr.Deref(spec.Suspend, false) && ptr.Deref(spec.Completions, 1) == 0
	c.invalid(s.Active > 0 && (c.ended() || c.activated()), "active", s.Active, "active>0 is invalid for finished job")
	c.missing(s.StartTime == nil && !idle && (c.ended() || c.started()), "startTime", "startTime is required for finished job")
	c.invalid(u != nil && len(u.Failed)+len(u.Succeeded) > 0 && (c.ended() || !equality.Semantic.DeepEqual(u, c.old.Status.UncountedTerminatedPods)),
		"uncountedTerminatedPods", u, "must be empty for finished job")
}

// indexes judges the lists of indexes that have succeeded or failed.
func (c *statusChange) indexes() {
	s, spec := &c.o.Status, &c.o.Spec
	parse := func(name, list string) {
		if spec.Completions != nil {
			_, err := countIndexes(list, *spec.Completions)
			c.invalid(err != nil, name, list, fmt.Sprintf("error parsing %s: %s", name, err))
		}
	}
	if c.listed() {
		parse("completedIndexes", s.CompletedIndexes)
	}
	if c.failed() && s.FailedIndexes != nil && spec.BackoffLimitPerIndex != nil {
		parse("failedIndexes", *s.FailedIndexes)
	}
	c.invalid(c.listed() && s.CompletedIndexes != "" && !indexed(spec), "completedIndexes", s.CompletedIndexes,
		"cannot set non-empty completedIndexes when non-indexed completion mode")
	c.invalid(c.failed() && s.FailedIndexes != nil && spec.BackoffLimitPerIndex == nil, "failedIndexes", s.FailedIndexes,
		"cannot set non-null failedIndexes when backoffLimitPerIndex is null")
	if (c.listed() || c.failed()) && s.FailedIndexes != nil && spec.Completions != nil {
		n, both := common(s.CompletedIndexes, *s.FailedIndexes, *spec.Completions)
		c.invalid(both, "failedIndexes", s.FailedIndexes, fmt.Sprintf("failedIndexes and completedIndexes overlap at index: %d", n))
	}
}

// succeeds: whoever has met the criteria of success does not fail.
func (c *statusChange) succeeds() {
	met := is(c.o, batchv1.JobSuccessCriteriaMet)
	c.contradiction(met && is(c.o, batchv1.JobFailed), "cannot set SuccessCriteriaMet=True and Failed=true conditions")
	c.contradiction(met && is(c.o, batchv1.JobFailureTarget), "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
	c.contradiction(c.o.Spec.SuccessPolicy != nil && !met && is(c.o, batchv1.JobComplete), "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")
}

// takesBack refuses to undo what was said before. An indexed Job whose size may
// change can lose successes.
func (c *statusChange) takesBack() {
	s, was, spec := &c.o.Status, &c.old.Status, &c.o.Spec
	lost := func(t batchv1.JobConditionType) bool { return is(c.old, t) && !is(c.o, t) }
	for _, t := range []batchv1.JobConditionType{batchv1.JobFailed, batchv1.JobComplete, batchv1.JobFailureTarget} {
		c.contradiction(lost(t), fmt.Sprintf("cannot disable the terminal %s=True condition", t))
	}
	elastic := indexed(spec) && spec.Completions != nil && ptr.Equal(spec.Completions, spec.Parallelism)
	c.invalid(s.Failed < was.Failed, "failed", s.Failed, "cannot decrease the failed counter")
	c.invalid(s.Succeeded < was.Succeeded && !elastic, "succeeded", s.Succeeded, "cannot decrease the succeeded counter")
	c.invalid(was.CompletionTime != nil && s.CompletionTime != nil && c.completed(), "completionTime", s.CompletionTime, "field is immutable")
	resumed := lost(batchv1.JobSuspended)
	c.invalid(was.StartTime != nil && c.started() && !ptr.Deref(spec.Suspend, false) && !resumed, "startTime", s.StartTime, "field is immutable for unsuspended job once set")
	c.contradiction(lost(batchv1.JobSuccessCriteriaMet), "cannot disable the SuccessCriteriaMet=True condition")
	c.contradiction(is(c.old, batchv1.JobComplete) && is(c.o, batchv1.JobSuccessCriteriaMet) && c.turned(batchv1.JobSuccessCriteriaMet),
		"cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")
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
