package lifecycle

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestResume(t *testing.T) {
	ended := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	terminated := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: metav1.NewTime(ended)}}
	waiting := func(reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	running := func(after time.Duration) corev1.ContainerState {
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(ended.Add(after))}}
	}
	for _, c := range []struct {
		name        string
		state, last corev1.ContainerState
		delay       time.Duration
	}{
		{"in back-off", waiting("CrashLoopBackOff", "back-off 1m20s restarting failed container=c pod=p_default(u)"), terminated, 80 * time.Second},
		{"in another's words", waiting("CrashLoopBackOff", "resting"), terminated, 0},
		{"waiting for its image", waiting("ImagePullBackOff", "back-off 40s"), terminated, 0},
		{"restarted at once", running(0), terminated, 10 * time.Second},
		{"restarted after 10 s", running(10 * time.Second), terminated, 20 * time.Second},
		{"restarted after 41 s", running(41 * time.Second), terminated, 80 * time.Second},
		{"restarted after 5 min", running(5 * time.Minute), terminated, 5 * time.Minute},
		{"never restarted", running(0), corev1.ContainerState{}, 0},
	} {
		m := Resume(corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "c", State: c.state, LastTerminationState: c.last}}})
		if got := m.container("c").start.Delay; got != c.delay {
			t.Errorf("%s: delay %s, want %s", c.name, got, c.delay)
		}
	}
	m := Resume(corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "c", LastTerminationState: terminated,
		State: waiting("CrashLoopBackOff", "back-off 40s restarting failed container=c")}}})
	if got, want := m.container("c").start.Until(ended), ended.Add(40*time.Second); !got.Equal(want) {
		t.Errorf("it waits until %s, want %s", got, want)
	}
}
