package lifecycle

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	crashLoopBackOff = "CrashLoopBackOff"
	backOffMessage   = "back-off "
)

// Resume is the memory of a pod that a kubelet may have run before this one:
// a container that was waiting to be restarted goes on waiting, and one that
// was restarted waits, when it fails again, as long as it would have.
func Resume(s corev1.PodStatus) *Memory {
	m := NewMemory()
	for _, list := range [][]corev1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses} {
		for i := range list {
			if b := resumed(&list[i]); b.Delay > 0 {
				m.container(list[i].Name).start = b
			}
		}
	}
	return m
}

// resumed reads a container's back-off off what was reported of it.
func resumed(s *corev1.ContainerStatus) Backoff {
	last := s.LastTerminationState.Terminated
	switch {
	case last == nil:
	case s.State.Waiting != nil && s.State.Waiting.Reason == crashLoopBackOff:
		return Backoff{Delay: delayIn(s.State.Waiting.Message), Set: last.FinishedAt.Time}
	case s.State.Running != nil:
		began := s.State.Running.StartedAt.Time
		return Backoff{Delay: delayAfter(began.Sub(last.FinishedAt.Time)), Set: began}
	}
	return Backoff{}
}

// delayIn reads "back-off 40s restarting failed container=...".
func delayIn(message string) time.Duration {
	text, _, _ := strings.Cut(strings.TrimPrefix(message, backOffMessage), " ")
	delay, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return min(delay, backoffMax)
}

// delayAfter is the delay that follows one that a container has waited.
func delayAfter(waited time.Duration) time.Duration {
	delay := backoffInitial
	for delay <= waited && delay < backoffMax {
		delay *= 2
	}
	return min(delay, backoffMax)
}
