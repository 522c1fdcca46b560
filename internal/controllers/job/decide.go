package job

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/controllers/pods"
)

// burst is how many pods one reconciliation makes at most.
const burst = 500

// event is one to be recorded when the status that it tells of is stored.
type event struct{ kind, reason, message string }

// plan is one step of a Job. What it does is done in this order.
type plan struct {
	create []*corev1.Pod
	drop   []*corev1.Pod // too many of them: to be deleted uncounted
	kill   []*corev1.Pod // the Job has ended: to be deleted, and counted as failed
	status batchv1.JobStatus
	// release are the pods that lose their finalizer when status is stored.
	release []*corev1.Pod
	events  []event
	again   time.Duration // look again then; 0: when something happens
}

// decide takes the Job one step on. going are pods that were asked to go
// though the informer does not show it yet.
func decide(job *batchv1.Job, owned []*corev1.Pod, going map[types.UID]bool, now time.Time) (do plan) {
	do.status = *job.Status.DeepCopy()
	n, c := count(job, owned), muster(owned, going)
	do.release = n.release
	if Finished(job) {
		return do
	}
	do.start(job, now)
	do.record(job, n)
	end := verdict(job, n, c, now)
	switch {
	case end != nil:
		do.kill = c.active
		do.finish(*end, n, c, now)
	case job.DeletionTimestamp != nil:
	case suspended(job):
		do.drop = c.active
		do.suspend(now)
	default:
		do.scale(job, n, c, owned, now)
		do.again = soonest(do.again, deadline(job, now))
	}
	do.status.Active = int32(len(c.active) + len(do.create) - len(do.drop) - len(do.kill))
	terminating := c.terminating + int32(len(do.drop)+len(do.kill))
	do.status.Terminating = &terminating
	ready := min(c.ready, do.status.Active)
	do.status.Ready = &ready
	if holds(&batchv1.Job{Status: do.status}, batchv1.JobComplete) || holds(&batchv1.Job{Status: do.status}, batchv1.JobFailed) {
		do.status.Terminating, do.status.UncountedTerminatedPods = new(int32), &batchv1.UncountedTerminatedPods{}
	}
	return do
}

// start notes when the Job began, or began again.
func (do *plan) start(job *batchv1.Job, now time.Time) {
	if suspended(job) {
		return
	}
	if holds(job, batchv1.JobSuspended) {
		do.status.Conditions = announce(do.status.Conditions, batchv1.JobSuspended, corev1.ConditionFalse, "JobResumed", "Job resumed", now)
		do.status.StartTime = &metav1.Time{Time: now}
		do.events = append(do.events, event{corev1.EventTypeNormal, "Resumed", "Job resumed"})
	}
	if do.status.StartTime == nil {
		do.status.StartTime = &metav1.Time{Time: now}
	}
}

func (do *plan) suspend(now time.Time) {
	if holds(&batchv1.Job{Status: do.status}, batchv1.JobSuspended) {
		return
	}
	do.status.Conditions = announce(do.status.Conditions, batchv1.JobSuspended, corev1.ConditionTrue, "JobSuspended", "Job suspended", now)
	do.events = append(do.events, event{corev1.EventTypeNormal, "Suspended", "Job suspended"})
}

func (do *plan) record(job *batchv1.Job, n counts) {
	do.status.Succeeded, do.status.Failed = n.settledSucceeded, n.settledFailed
	do.status.UncountedTerminatedPods = &n.uncounted
	if indexed(job) {
		do.status.CompletedIndexes = n.completed.String()
	}
	if job.Spec.BackoffLimitPerIndex != nil {
		failed := n.failedIndexes.String()
		do.status.FailedIndexes = &failed
	}
}

// finish announces the end, and declares it when the last pod has ended and is
// counted.
func (do *plan) finish(end outcome, n counts, c crew, now time.Time) {
	announced, final := end.types()
	do.status.Conditions = announce(do.status.Conditions, announced, corev1.ConditionTrue, end.reason, end.message, now)
	if len(c.active) > 0 || c.terminating > 0 || len(n.uncounted.Succeeded)+len(n.uncounted.Failed) > 0 {
		return
	}
	do.status.Conditions = announce(do.status.Conditions, final, corev1.ConditionTrue, end.reason, end.message, now)
	if end.failed {
		do.events = append(do.events, event{corev1.EventTypeWarning, end.reason, end.message})
		return
	}
	do.status.CompletionTime = &metav1.Time{Time: now}
	do.events = append(do.events, event{corev1.EventTypeNormal, "Completed", "Job completed"})
}

// wanted is how many pods may be active at a time now.
func wanted(job *batchv1.Job, n counts, active int) int {
	parallelism := 1
	if job.Spec.Parallelism != nil {
		parallelism = int(*job.Spec.Parallelism)
	}
	if job.Spec.Completions == nil {
		if n.succeeded > 0 { // the queue is empty: those that are at it finish
			return min(active, parallelism)
		}
		return parallelism
	}
	left := int(*job.Spec.Completions-n.succeeded) - len(n.failedIndexes)
	return max(min(left, parallelism), 0)
}

// scale makes or drops pods.
func (do *plan) scale(job *batchv1.Job, n counts, c crew, owned []*corev1.Pod, now time.Time) {
	active := c.active
	if indexed(job) {
		active, do.drop = oneAnIndex(job, active, n)
	}
	want := wanted(job, n, len(active))
	if excess := len(active) - want; excess > 0 {
		active = append([]*corev1.Pod(nil), active...)
		pods.SortForDeletion(active, nil, now)
		do.drop = append(do.drop, active[:excess]...)
		return
	}
	missing := want - len(active)
	if waitsForPhase(job) {
		missing -= int(c.terminating)
	}
	if missing <= 0 {
		return
	}
	if wait := backoff(owned, now); wait > 0 && job.Spec.BackoffLimitPerIndex == nil {
		do.again = wait
		return
	}
	do.make(job, n, active, owned, min(missing, burst), now)
}

func (do *plan) make(job *batchv1.Job, n counts, active, owned []*corev1.Pod, missing int, now time.Time) {
	if !indexed(job) {
		for range missing {
			do.create = append(do.create, newPod(job, -1, 0))
		}
		return
	}
	taken, mine := indexes{}, map[int][]*corev1.Pod{}
	for _, p := range active {
		taken[indexOf(job, p)] = true
	}
	for _, p := range owned {
		i := indexOf(job, p)
		mine[i] = append(mine[i], p)
		taken[i] = taken[i] || p.DeletionTimestamp != nil && !pods.Terminal(p) && waitsForPhase(job)
	}
	for _, i := range vacant(job, missing, n.completed, n.failedIndexes, taken) {
		if wait := backoff(mine[i], now); wait > 0 && job.Spec.BackoffLimitPerIndex != nil {
			do.again = soonest(do.again, wait)
			continue
		}
		do.create = append(do.create, newPod(job, i, n.indexFailures[i]))
	}
}

// oneAnIndex keeps the oldest active pod of each index that is still to be
// done.
func oneAnIndex(job *batchv1.Job, active []*corev1.Pod, n counts) (keep, drop []*corev1.Pod) {
	byIndex := map[int]*corev1.Pod{}
	for _, p := range active {
		i := indexOf(job, p)
		have := byIndex[i]
		switch {
		case i < 0 || n.completed[i] || n.failedIndexes[i]:
			drop = append(drop, p)
		case have == nil:
			byIndex[i] = p
		case p.CreationTimestamp.Before(&have.CreationTimestamp):
			byIndex[i], drop = p, append(drop, have)
		default:
			drop = append(drop, p)
		}
	}
	for _, p := range byIndex {
		keep = append(keep, p)
	}
	return keep, drop
}

func soonest(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return max(b, 0)
	}
	return a
}
