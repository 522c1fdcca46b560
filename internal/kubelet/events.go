package kubelet

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/tools/reference"

	"skiff/internal/kubelet/lifecycle"
)

// startEvents makes the recorder of events; the function returned ends it.
func (k *kubelet) startEvents() func() {
	broadcaster := record.NewBroadcaster(record.WithContext(k.ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: k.client.CoreV1().Events("")})
	k.events = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: k.NodeName})
	return broadcaster.Shutdown
}

// nodeEvent records an event of the node. Its UID is the node's name, as
// clients look for it: a kubelet speaks of its node before that is registered.
func (k *kubelet) nodeEvent(kind, reason, message string) {
	ref := &corev1.ObjectReference{APIVersion: "v1", Kind: "Node", Name: k.NodeName, UID: types.UID(k.NodeName)}
	k.events.Event(ref, kind, reason, message)
}

// podEvent records an event of a pod as a whole.
func (k *kubelet) podEvent(pod *corev1.Pod, kind, reason, format string, args ...any) {
	if ref, err := reference.GetReference(scheme.Scheme, pod); err == nil {
		k.events.Eventf(ref, kind, reason, format, args...)
	}
}

// containerEvent records an event of one container of a pod.
func (k *kubelet) containerEvent(pod *corev1.Pod, container, kind, reason, format string, args ...any) {
	ref, err := reference.GetReference(scheme.Scheme, pod)
	if err != nil {
		return
	}
	ref.FieldPath = fieldPath(pod, container)
	k.events.Eventf(ref, kind, reason, format, args...)
}

func fieldPath(pod *corev1.Pod, container string) string {
	for i := range pod.Spec.InitContainers {
		if pod.Spec.InitContainers[i].Name == container {
			return fmt.Sprintf("spec.initContainers{%s}", container)
		}
	}
	for i := range pod.Spec.EphemeralContainers {
		if pod.Spec.EphemeralContainers[i].Name == container {
			return fmt.Sprintf("spec.ephemeralContainers{%s}", container)
		}
	}
	return fmt.Sprintf("spec.containers{%s}", container)
}

// unhealthy records what a failed probe said.
func (k *kubelet) unhealthy(uid types.UID, container, message string) {
	if w := k.worker(uid); w != nil {
		k.containerEvent(w.shown.Load(), container, corev1.EventTypeWarning, "Unhealthy", "%s", message)
	}
}

// tellBackOff records, once each time, that a container waits before it is
// started, or its image pulled, again.
func (w *worker) tellBackOff(s corev1.PodStatus) {
	for _, list := range [][]corev1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses, s.EphemeralContainerStatuses} {
		for i := range list {
			w.tellContainerBackOff(&list[i])
		}
	}
}

func (w *worker) tellContainerBackOff(c *corev1.ContainerStatus) {
	waits := ""
	if c.State.Waiting != nil {
		waits = fmt.Sprintf("%s/%d", c.State.Waiting.Reason, c.RestartCount)
	}
	if waits == w.told[c.Name] {
		return
	}
	w.told[c.Name] = waits
	switch {
	case c.State.Waiting == nil:
	case c.State.Waiting.Reason == "CrashLoopBackOff":
		w.k.containerEvent(w.pod, c.Name, corev1.EventTypeWarning, "BackOff",
			"Back-off restarting failed container %s in pod %s", c.Name, fullName(w.pod))
	case c.State.Waiting.Reason == "ImagePullBackOff":
		w.k.containerEvent(w.pod, c.Name, corev1.EventTypeNormal, "BackOff", "Back-off pulling image %q", imageOf(w.pod, c.Name))
		w.k.containerEvent(w.pod, c.Name, corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
	}
}

// fullName names a pod beyond doubt.
func fullName(pod *corev1.Pod) string {
	return fmt.Sprintf("%s_%s(%s)", pod.Name, pod.Namespace, pod.UID)
}

func imageOf(pod *corev1.Pod, name string) string {
	if c := containerOf(pod, name); c != nil {
		return c.Image
	}
	return ""
}

func containerOf(pod *corev1.Pod, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	for i := range pod.Spec.EphemeralContainers {
		if e := &pod.Spec.EphemeralContainers[i]; e.Name == name {
			return lifecycle.Ephemeral(e)
		}
	}
	return nil
}
