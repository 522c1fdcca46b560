package job

import (
	"slices"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/controllers/pods"
)

// counts is what became of a Job's pods, those of this moment included.
type counts struct {
	succeeded, failed int32
	completed         indexes // of an indexed Job
	failedIndexes     indexes // of one with backoffLimitPerIndex
	indexFailures     map[int]int
	fatal             string // why a podFailurePolicy fails the Job
	release           []*corev1.Pod
	uncounted         batchv1.UncountedTerminatedPods
	settledSucceeded  int32 // what status.succeeded and failed become
	settledFailed     int32
}

// failedPod says whether a pod counts as failed. One that is going counts,
// unless the Job waits with replacing it until its phase says so.
func failedPod(job *batchv1.Job, p *corev1.Pod) bool {
	if p.Status.Phase == corev1.PodFailed {
		return true
	}
	gone := p.DeletionTimestamp != nil && p.Status.Phase != corev1.PodSucceeded
	return gone && (!waitsForPhase(job) || p.Spec.NodeName == "")
}

func waitsForPhase(job *batchv1.Job) bool {
	return job.Spec.PodReplacementPolicy != nil && *job.Spec.PodReplacementPolicy == batchv1.Failed
}

// count adds those pods to the account that ended since the last time. Pods
// that are in it and have lost their finalizer move into the counters; the
// others lose it as soon as the account is stored.
func count(job *batchv1.Job, owned []*corev1.Pod) counts {
	c := counts{
		settledSucceeded: job.Status.Succeeded, settledFailed: job.Status.Failed,
		completed: indexes{}, failedIndexes: indexes{}, indexFailures: map[int]int{},
	}
	if indexed(job) {
		c.completed = parseIndexes(job.Status.CompletedIndexes, int(*job.Spec.Completions))
		if job.Status.FailedIndexes != nil {
			c.failedIndexes = parseIndexes(*job.Status.FailedIndexes, int(*job.Spec.Completions))
		}
	}
	c.settle(job, owned)
	for _, p := range owned {
		switch {
		case p.Status.Phase == corev1.PodSucceeded:
			c.success(job, p)
		case failedPod(job, p):
			c.failure(job, p)
		}
	}
	if indexed(job) {
		c.settledSucceeded = int32(len(c.completed))
	}
	c.succeeded = c.settledSucceeded + int32(len(c.uncounted.Succeeded))
	c.failed = c.settledFailed + int32(len(c.uncounted.Failed))
	return c
}

// settle moves those of the account into the counters that cannot be counted
// again.
func (c *counts) settle(job *batchv1.Job, owned []*corev1.Pod) {
	before := job.Status.UncountedTerminatedPods
	if before == nil {
		return
	}
	held := map[types.UID]bool{}
	for _, p := range owned {
		held[p.UID] = held[p.UID] || tracked(p)
	}
	for _, uid := range before.Succeeded {
		if held[uid] {
			c.uncounted.Succeeded = append(c.uncounted.Succeeded, uid)
		} else {
			c.settledSucceeded++
		}
	}
	for _, uid := range before.Failed {
		if held[uid] {
			c.uncounted.Failed = append(c.uncounted.Failed, uid)
		} else {
			c.settledFailed++
		}
	}
}

func (c *counts) success(job *batchv1.Job, p *corev1.Pod) {
	if !tracked(p) {
		return
	}
	c.release = append(c.release, p)
	if indexed(job) { // the index itself says that it is counted
		if i := indexOf(job, p); i >= 0 {
			c.completed[i] = true
		}
		return
	}
	if !slices.Contains(c.uncounted.Succeeded, p.UID) {
		c.uncounted.Succeeded = append(c.uncounted.Succeeded, p.UID)
	}
}

func (c *counts) failure(job *batchv1.Job, p *corev1.Pod) {
	r := rule(job, p)
	ignored := r.action == batchv1.PodFailurePolicyActionIgnore
	if job.Spec.BackoffLimitPerIndex != nil && !ignored {
		c.failIndex(job, p, r)
	}
	if !tracked(p) {
		return
	}
	c.release = append(c.release, p)
	if r.action == batchv1.PodFailurePolicyActionFailJob && c.fatal == "" {
		c.fatal = r.message
	}
	if ignored || indexed(job) && indexOf(job, p) < 0 || slices.Contains(c.uncounted.Failed, p.UID) {
		return
	}
	c.uncounted.Failed = append(c.uncounted.Failed, p.UID)
}

func (c *counts) failIndex(job *batchv1.Job, p *corev1.Pod, r ruling) {
	i := indexOf(job, p)
	if i < 0 {
		return
	}
	before, _ := strconv.Atoi(p.Annotations[batchv1.JobIndexFailureCountAnnotation]) // absent: none
	c.indexFailures[i] = max(c.indexFailures[i], before+1)
	if c.indexFailures[i] > int(*job.Spec.BackoffLimitPerIndex) || r.action == batchv1.PodFailurePolicyActionFailIndex {
		c.failedIndexes[i] = true
	}
}

// crew is those pods that have not ended.
type crew struct {
	active      []*corev1.Pod
	terminating int32
	ready       int32
}

func muster(owned []*corev1.Pod, going map[types.UID]bool) (c crew) {
	for _, p := range owned {
		switch {
		case pods.Terminal(p):
		case p.DeletionTimestamp != nil || going[p.UID]:
			c.terminating++
		default:
			c.active = append(c.active, p)
			if pods.Ready(p) {
				c.ready++
			}
		}
	}
	return c
}
