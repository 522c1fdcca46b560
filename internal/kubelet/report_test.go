package kubelet

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestReporterHas(t *testing.T) {
	running, failed := corev1.PodStatus{Phase: corev1.PodRunning}, corev1.PodStatus{Phase: corev1.PodFailed}
	kept := corev1.PodStatus{Phase: corev1.PodFailed, QOSClass: corev1.PodQOSBestEffort} // what the API makes of failed
	for _, c := range []struct {
		name string
		r    reporter
		want bool
	}{
		{"nothing is known yet", reporter{}, false},
		{"the API has it", reporter{current: &failed}, true},
		{"the API has another", reporter{current: &running}, false},
		{"a write is under way", reporter{current: &failed, sending: true}, false},
		{"the API made something of it", reporter{current: &kept, sent: &failed, answer: &kept}, true},
		{"and somebody changed that", reporter{current: &running, sent: &failed, answer: &kept}, false},
	} {
		if got := c.r.has(failed); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
