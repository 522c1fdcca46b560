package kubelet

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// container settles which container of a pod is meant: the one asked for, or
// the only one.
func container(pod *corev1.Pod, asked string) (string, error) {
	containers, init, ephemeral := names(pod)
	if asked != "" {
		if slices.Contains(containers, asked) || slices.Contains(init, asked) || slices.Contains(ephemeral, asked) {
			return asked, nil
		}
		return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", asked, pod.Name))
	}
	switch len(containers) {
	case 1:
		return containers[0], nil
	case 0:
		return "", apierrors.NewBadRequest(fmt.Sprintf("a container name must be specified for pod %s", pod.Name))
	}
	text := fmt.Sprintf("a container name must be specified for pod %s, choose one of: [%s]", pod.Name, strings.Join(containers, " "))
	if len(init) > 0 {
		text += fmt.Sprintf(" or one of the init containers: [%s]", strings.Join(init, " "))
	}
	if len(ephemeral) > 0 {
		text += fmt.Sprintf(" or one of the ephemeral containers: [%s]", strings.Join(ephemeral, " "))
	}
	return "", apierrors.NewBadRequest(text)
}

func names(pod *corev1.Pod) (containers, init, ephemeral []string) {
	for _, c := range pod.Spec.Containers {
		containers = append(containers, c.Name)
	}
	for _, c := range pod.Spec.InitContainers {
		init = append(init, c.Name)
	}
	for _, c := range pod.Spec.EphemeralContainers {
		ephemeral = append(ephemeral, c.Name)
	}
	return containers, init, ephemeral
}
