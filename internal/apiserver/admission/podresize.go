package admission

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/resource"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// PodResizeValidator lets a pod that is on a node grow no further than the
// node could ever hold, and refuses what nodes of another system cannot do.
type PodResizeValidator struct {
	Reader api.Reader
}

// The causes by which clients tell why a resize cannot succeed.
const (
	nodeCapacity        metav1.CauseType = "NodeCapacity"
	unsupportedPlatform metav1.CauseType = "UnsupportedPlatform"
)

// Name implements Plugin.
func (PodResizeValidator) Name() string { return "PodResizeValidator" }

// Validate implements Validator.
func (p PodResizeValidator) Validate(ctx context.Context, r *Request) error {
	pod, _ := r.changedBoundPod("resize")
	if pod == nil {
		return nil
	}
	node, err := r.nodeOf(ctx, p.Reader, pod)
	if err != nil {
		return err
	}
	if why := beyondNode(pod, node); why != "" {
		return withCause(r.forbid(why), nodeCapacity)
	}
	if os := node.Labels[corev1.LabelOSStable]; os != string(corev1.Linux) {
		return withCause(r.forbid(fmt.Sprintf("pod resize is only supported on linux nodes, node %q is %q", node.Name, os)), unsupportedPlatform)
	}
	return nil
}

func withCause(err error, cause metav1.CauseType) error {
	if s, ok := err.(*apierrors.StatusError); ok {
		s.ErrStatus.Details.Causes = append(s.ErrStatus.Details.Causes, metav1.StatusCause{Type: cause})
	}
	return err
}

// beyondNode says what a pod asks for that is more than all of its node.
func beyondNode(pod *corev1.Pod, node *corev1.Node) string {
	asked, there := resource.PodRequests(pod, resource.PodResourcesOptions{}), node.Status.Allocatable
	var more []string
	if a, n := asked.Cpu().MilliValue(), there.Cpu().MilliValue(); a > n {
		more = append(more, fmt.Sprintf("cpu, requested: %d, allocatable: %d", a, n))
	}
	if a, n := asked.Memory().Value(), there.Memory().Value(); a > n {
		more = append(more, fmt.Sprintf("memory, requested: %d, allocatable: %d", a, n))
	}
	if len(more) == 0 {
		return ""
	}
	return "Node didn't have enough allocatable resources: " + strings.Join(more, "; ")
}

// changedBoundPod returns the pod, as it is to be and as it was, of an update
// that changes the spec of a pod on a node; or nil. subresources are those
// that count, "" for the pod itself.
func (r *Request) changedBoundPod(subresources ...string) (pod, old *corev1.Pod) {
	pod, ok := r.Object.(*corev1.Pod)
	old, was := r.Old.(*corev1.Pod)
	if !ok || !was || r.Operation != Update || pod.Spec.NodeName == "" || pod.Generation == old.Generation {
		return nil, nil
	}
	for _, s := range subresources {
		if r.is(core.Pod, s) {
			return pod, old
		}
	}
	return nil, nil
}

// nodeOf reads the node that a pod is on.
func (r *Request) nodeOf(ctx context.Context, reader api.Reader, pod *corev1.Pod) (*corev1.Node, error) {
	obj, err := reader.Get(ctx, core.Node, "", pod.Spec.NodeName)
	if apierrors.IsNotFound(err) {
		return nil, r.forbid(fmt.Sprintf("node %q not found", pod.Spec.NodeName))
	}
	if err != nil {
		return nil, r.forbid(fmt.Sprintf("failed to get node %q: %v", pod.Spec.NodeName, err))
	}
	return obj.(*corev1.Node), nil
}
