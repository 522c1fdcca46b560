package cronjob

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/cron"
	"skiff/internal/controllers/job"
)

// event is one to be recorded.
type event struct{ kind, reason, message string }

// plan is what is to be done about a CronJob now.
type plan struct {
	start   *batchv1.Job // nil: none
	replace []*batchv1.Job
	expired []*batchv1.Job // beyond the limits of history
	status  batchv1.CronJobStatus
	events  []event
	again   time.Duration // look again then; 0: when something changes
}

// decide looks at a CronJob and the Jobs it controls.
func decide(cj *batchv1.CronJob, jobs []*batchv1.Job, now time.Time) (do plan) {
	do.status = *cj.Status.DeepCopy()
	active := do.take(cj, jobs)
	do.expired = history(cj, jobs)
	if cj.DeletionTimestamp != nil || cj.Spec.Suspend != nil && *cj.Spec.Suspend {
		return do
	}
	where, err := location(cj)
	if err != nil {
		do.warn("UnknownTimeZone", fmt.Sprintf("invalid timeZone: %q: %v", *cj.Spec.TimeZone, err))
		return do
	}
	schedule, err := cron.Parse(cj.Spec.Schedule)
	if err != nil {
		do.warn("UnparseableSchedule", fmt.Sprintf("unparseable schedule: %q : %v", cj.Spec.Schedule, err))
		return do
	}
	now = now.In(where)
	do.due(cj, schedule, active, now)
	if next := schedule.Next(now); !next.IsZero() {
		do.again = next.Sub(now)
	}
	return do
}

func (do *plan) warn(reason, message string) {
	do.events = append(do.events, event{corev1.EventTypeWarning, reason, message})
}

func location(cj *batchv1.CronJob) (*time.Location, error) {
	if cj.Spec.TimeZone == nil {
		return time.Local, nil
	}
	return time.LoadLocation(*cj.Spec.TimeZone)
}

// due starts the Job of the latest time that has passed, if that is new.
func (do *plan) due(cj *batchv1.CronJob, schedule cron.Schedule, active []*batchv1.Job, now time.Time) {
	since := since(cj, now)
	at := schedule.Last(since, now)
	if at.IsZero() {
		return
	}
	if missed(schedule, since, now) > 100 {
		do.warn("TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
	}
	if len(active) > 0 {
		switch cj.Spec.ConcurrencyPolicy {
		case batchv1.ForbidConcurrent:
			do.events = append(do.events, event{corev1.EventTypeNormal, "JobAlreadyActive",
				"Not starting job because prior execution is running and concurrency policy is Forbid"})
			return
		case batchv1.ReplaceConcurrent:
			do.replace = active
			do.status.Active = nil
		}
	}
	do.start = newJob(cj, at)
	do.status.LastScheduleTime = &metav1.Time{Time: at}
}

// since is from when on a time counts as missed: what is older than the
// starting deadline does not.
func since(cj *batchv1.CronJob, now time.Time) time.Time {
	at := cj.CreationTimestamp.Time
	if cj.Status.LastScheduleTime != nil {
		at = cj.Status.LastScheduleTime.Time
	}
	if d := cj.Spec.StartingDeadlineSeconds; d != nil {
		if oldest := now.Add(-time.Duration(*d) * time.Second); oldest.After(at) {
			at = oldest
		}
	}
	return at.In(now.Location())
}

// missed counts times up to a little more than a hundred.
func missed(schedule cron.Schedule, since, now time.Time) (n int) {
	for at := schedule.Next(since); n <= 100 && !at.IsZero() && !at.After(now); at = schedule.Next(at) {
		n++
	}
	return n
}

// take brings the list of active Jobs up to date and returns those that are.
func (do *plan) take(cj *batchv1.CronJob, jobs []*batchv1.Job) (active []*batchv1.Job) {
	known := map[string]bool{}
	for _, ref := range cj.Status.Active {
		known[string(ref.UID)] = true
	}
	do.status.Active = nil
	for _, j := range byAge(jobs) {
		if !job.Finished(j) {
			active = append(active, j)
			do.status.Active = append(do.status.Active, reference(j))
			continue
		}
		if known[string(j.UID)] {
			do.events = append(do.events, event{corev1.EventTypeNormal, "SawCompletedJob",
				fmt.Sprintf("Saw completed job: %s, condition: %v", j.Name, end(j))})
		}
		if t, last := j.Status.CompletionTime, do.status.LastSuccessfulTime; end(j) == batchv1.JobComplete && t != nil && (last == nil || last.Before(t)) {
			do.status.LastSuccessfulTime = t
		}
	}
	return active
}

func end(j *batchv1.Job) batchv1.JobConditionType {
	for _, c := range j.Status.Conditions {
		if c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) {
			return c.Type
		}
	}
	return ""
}

func reference(j *batchv1.Job) corev1.ObjectReference {
	return corev1.ObjectReference{
		Kind: "Job", APIVersion: batchv1.SchemeGroupVersion.String(),
		Namespace: j.Namespace, Name: j.Name, UID: j.UID, ResourceVersion: j.ResourceVersion,
	}
}

// history returns the oldest finished Jobs that are too many.
func history(cj *batchv1.CronJob, jobs []*batchv1.Job) (out []*batchv1.Job) {
	for _, c := range []struct {
		kind  batchv1.JobConditionType
		limit *int32
	}{{batchv1.JobComplete, cj.Spec.SuccessfulJobsHistoryLimit}, {batchv1.JobFailed, cj.Spec.FailedJobsHistoryLimit}} {
		var done []*batchv1.Job
		for _, j := range byAge(jobs) {
			if end(j) == c.kind && j.DeletionTimestamp == nil {
				done = append(done, j)
			}
		}
		if c.limit != nil {
			out = append(out, done[:max(len(done)-int(*c.limit), 0)]...)
		}
	}
	return out
}

func byAge(jobs []*batchv1.Job) []*batchv1.Job {
	jobs = slices.Clone(jobs)
	slices.SortFunc(jobs, func(a, b *batchv1.Job) int {
		return cmp.Or(begun(a).Compare(begun(b)), cmp.Compare(a.Name, b.Name))
	})
	return jobs
}

func begun(j *batchv1.Job) time.Time {
	if j.Status.StartTime != nil {
		return j.Status.StartTime.Time
	}
	return j.CreationTimestamp.Time
}

// newJob is the Job of one scheduled time. Its name says which, so that it
// cannot be made twice.
func newJob(cj *batchv1.CronJob, at time.Time) *batchv1.Job {
	t := cj.Spec.JobTemplate.DeepCopy()
	annotations := maps.Clone(t.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[batchv1.CronJobScheduledTimestampAnnotation] = at.Format(time.RFC3339)
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: cj.Namespace, Name: fmt.Sprintf("%s-%d", cj.Name, at.Unix()/60),
			Labels: t.Labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cj, kind)},
		},
		Spec: t.Spec,
	}
}
