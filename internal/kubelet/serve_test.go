package kubelet

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/kubelet/stream"
)

func TestAttachHasATerminalWhereTheContainerHas(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		Containers:          []corev1.Container{{Name: "shell", TTY: true}, {Name: "daemon"}},
		EphemeralContainers: []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debug", TTY: true}}},
	}}
	asked := stream.Options{Stdin: true, Stdout: true, Stderr: true}
	terminal := stream.Options{Stdin: true, Stdout: true, TTY: true}
	for name, want := range map[string]stream.Options{"shell": terminal, "debug": terminal, "daemon": asked} {
		if got := withTerminal(asked, pod, name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if got := withTerminal(terminal, pod, "daemon"); got.TTY {
		t.Errorf("a terminal of a container that has none: %+v", got)
	}
}
