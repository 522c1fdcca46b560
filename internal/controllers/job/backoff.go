package job

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/controllers/pods"
)

// A pod that failed is replaced after a while: the first after 10 s, twice as
// long each time, until one succeeds.
const (
	firstBackoff = 10 * time.Second
	lastBackoff  = 10 * time.Minute
)

// backoff is how long no pod may be made yet, after those failures.
func backoff(list []*corev1.Pod, now time.Time) time.Duration {
	var success, last time.Time
	for _, p := range list {
		if p.Status.Phase == corev1.PodSucceeded {
			success = latest(success, ended(p))
		}
	}
	failures := 0
	for _, p := range list {
		if at := ended(p); p.Status.Phase == corev1.PodFailed && at.After(success) {
			failures++
			last = latest(last, at)
		}
	}
	if failures == 0 {
		return 0
	}
	wait := lastBackoff
	if failures <= 6 {
		wait = firstBackoff << (failures - 1)
	}
	return max(last.Add(wait).Sub(now), 0)
}

// ended is when the last container of a pod ended, as well as it is known.
func ended(p *corev1.Pod) (at time.Time) {
	for _, s := range p.Status.ContainerStatuses {
		if s.State.Terminated != nil {
			at = latest(at, s.State.Terminated.FinishedAt.Time)
		}
	}
	if !at.IsZero() {
		return at
	}
	if c := pods.Condition(p, corev1.PodReady); c != nil && !c.LastTransitionTime.IsZero() {
		return c.LastTransitionTime.Time
	}
	if p.DeletionTimestamp != nil {
		return p.DeletionTimestamp.Time
	}
	return p.CreationTimestamp.Time
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// restartsPastLimit: the containers of a Job with restart policy OnFailure
// fail in place, and the kubelet restarts them.
func restartsPastLimit(job *batchv1.Job, list []*corev1.Pod) bool {
	if job.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyOnFailure || job.Spec.BackoffLimit == nil {
		return false
	}
	n := int32(0)
	for _, p := range list {
		if p.Status.Phase != corev1.PodRunning && p.Status.Phase != corev1.PodPending {
			continue
		}
		for _, s := range p.Status.InitContainerStatuses {
			n += s.RestartCount
		}
		for _, s := range p.Status.ContainerStatuses {
			n += s.RestartCount
		}
	}
	return n > 0 && n >= *job.Spec.BackoffLimit
}
