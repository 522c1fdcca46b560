package job

import (
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// outcome is how a Job ends: in Complete or Failed, and why. Until its last
// pod has ended it is announced by SuccessCriteriaMet or FailureTarget.
type outcome struct {
	failed          bool
	reason, message string
}

func (o outcome) types() (announced, final batchv1.JobConditionType) {
	if o.failed {
		return batchv1.JobFailureTarget, batchv1.JobFailed
	}
	return batchv1.JobSuccessCriteriaMet, batchv1.JobComplete
}

func condition(job *batchv1.Job, t batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range job.Status.Conditions {
		if c := &job.Status.Conditions[i]; c.Type == t {
			return c
		}
	}
	return nil
}

func holds(job *batchv1.Job, t batchv1.JobConditionType) bool {
	c := condition(job, t)
	return c != nil && c.Status == corev1.ConditionTrue
}

// Finished says whether a Job has come to its end.
func Finished(job *batchv1.Job) bool {
	return holds(job, batchv1.JobComplete) || holds(job, batchv1.JobFailed)
}

// verdict says how the Job ends, or nil while it goes on. What was announced
// stands.
func verdict(job *batchv1.Job, n counts, c crew, now time.Time) *outcome {
	for _, failed := range []bool{true, false} {
		announced, _ := outcome{failed: failed}.types()
		if said := condition(job, announced); said != nil && said.Status == corev1.ConditionTrue {
			return &outcome{failed, said.Reason, said.Message}
		}
	}
	switch {
	case n.fatal != "":
		return &outcome{true, batchv1.JobReasonPodFailurePolicy, n.fatal}
	case job.Spec.BackoffLimit != nil && n.failed > *job.Spec.BackoffLimit, restartsPastLimit(job, c.active):
		return &outcome{true, batchv1.JobReasonBackoffLimitExceeded, "Job has reached the specified backoff limit"}
	case deadline(job, now) < 0:
		return &outcome{true, batchv1.JobReasonDeadlineExceeded, "Job was active longer than specified deadline"}
	}
	if indexed(job) {
		if o := indexVerdict(job, n); o != nil {
			return o
		}
	}
	if enough(job, n, c) {
		return &outcome{false, batchv1.JobReasonCompletionsReached, "Reached expected number of succeeded pods"}
	}
	return nil
}

func enough(job *batchv1.Job, n counts, c crew) bool {
	if job.Spec.Completions == nil { // a work queue: one success says that it is empty
		return n.succeeded > 0 && len(c.active) == 0
	}
	return n.succeeded >= *job.Spec.Completions
}

func indexVerdict(job *batchv1.Job, n counts) *outcome {
	if max := job.Spec.MaxFailedIndexes; max != nil && len(n.failedIndexes) > int(*max) {
		return &outcome{true, batchv1.JobReasonMaxFailedIndexesExceeded, "Job has exceeded the specified maximal number of failed indexes"}
	}
	if i := succeededBy(job.Spec.SuccessPolicy, n.completed); i >= 0 {
		return &outcome{false, batchv1.JobReasonSuccessPolicy, "Matched rules at index " + indexes{i: true}.String()}
	}
	if len(n.failedIndexes) > 0 && len(n.failedIndexes)+len(n.completed) >= int(*job.Spec.Completions) {
		return &outcome{true, batchv1.JobReasonFailedIndexes, "Job has failed indexes"}
	}
	return nil
}

// succeededBy returns which rule of the policy is met, or -1.
func succeededBy(policy *batchv1.SuccessPolicy, completed indexes) int {
	if policy == nil {
		return -1
	}
	return slices.IndexFunc(policy.Rules, func(r batchv1.SuccessPolicyRule) bool {
		of, want := completed, 0
		if r.SucceededIndexes != nil {
			all := parseIndexes(*r.SucceededIndexes, 1<<31-1)
			want, of = len(all), indexes{}
			for i := range all {
				if completed[i] {
					of[i] = true
				}
			}
		}
		if r.SucceededCount != nil {
			want = int(*r.SucceededCount)
		}
		return want > 0 && len(of) >= want
	})
}

// deadline is what is left of activeDeadlineSeconds; negative when it has
// passed, 0 when there is none.
func deadline(job *batchv1.Job, now time.Time) time.Duration {
	if job.Spec.ActiveDeadlineSeconds == nil || job.Status.StartTime == nil || suspended(job) {
		return 0
	}
	left := job.Status.StartTime.Add(time.Duration(*job.Spec.ActiveDeadlineSeconds) * time.Second).Sub(now)
	if left <= 0 {
		return -1
	}
	return left
}

func suspended(job *batchv1.Job) bool { return job.Spec.Suspend != nil && *job.Spec.Suspend }

// announce sets a condition; one that stands keeps its times.
func announce(list []batchv1.JobCondition, t batchv1.JobConditionType, status corev1.ConditionStatus, reason, message string, now time.Time) []batchv1.JobCondition {
	next := batchv1.JobCondition{
		Type: t, Status: status, Reason: reason, Message: message,
		LastProbeTime: metav1.NewTime(now), LastTransitionTime: metav1.NewTime(now),
	}
	for i, c := range list {
		if c.Type != t {
			continue
		}
		if c.Status == status {
			return list
		}
		list = slices.Clone(list)
		list[i] = next
		return list
	}
	return append(slices.Clone(list), next)
}
