package admission

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/node"
)

// RuntimeClass puts what a pod's runtime class demands into the pod: its
// overhead, and the nodes that have it.
type RuntimeClass struct{ Reader api.Reader }

// Name implements Plugin.
func (RuntimeClass) Name() string { return "RuntimeClass" }

// Admit implements Admitter.
func (p RuntimeClass) Admit(ctx context.Context, r *Request) error {
	pod := r.newPod(core.Pod)
	class, err := p.classOf(ctx, r, pod)
	if err != nil || class == nil {
		return err
	}
	if class.Overhead != nil {
		if pod.Spec.Overhead != nil && !equality.Semantic.DeepEqual(pod.Spec.Overhead, class.Overhead.PodFixed) {
			return r.forbid("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
		}
		pod.Spec.Overhead = class.Overhead.PodFixed.DeepCopy()
	}
	if class.Scheduling != nil {
		return schedule(r, pod, class.Scheduling)
	}
	return nil
}

func schedule(r *Request, pod *corev1.Pod, s *nodev1.Scheduling) error {
	for key, value := range s.NodeSelector {
		if have, ok := pod.Spec.NodeSelector[key]; ok && have != value {
			return r.forbid(fmt.Sprintf("conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s", key, value, key, have))
		}
		if pod.Spec.NodeSelector == nil {
			pod.Spec.NodeSelector = map[string]string{}
		}
		pod.Spec.NodeSelector[key] = value
	}
	for _, t := range s.Tolerations {
		if !slices.ContainsFunc(pod.Spec.Tolerations, func(h corev1.Toleration) bool { return equality.Semantic.DeepEqual(h, t) }) {
			pod.Spec.Tolerations = append(pod.Spec.Tolerations, t)
		}
	}
	return nil
}

// Validate implements Validator: without a class there is no overhead.
func (p RuntimeClass) Validate(ctx context.Context, r *Request) error {
	pod := r.newPod(core.Pod)
	class, err := p.classOf(ctx, r, pod)
	if err != nil || pod == nil {
		return err
	}
	if pod.Spec.Overhead != nil && (class == nil || class.Overhead == nil) {
		return r.forbid("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
	}
	return nil
}

func (p RuntimeClass) classOf(ctx context.Context, r *Request, pod *corev1.Pod) (*nodev1.RuntimeClass, error) {
	if pod == nil || pod.Spec.RuntimeClassName == nil || *pod.Spec.RuntimeClassName == "" {
		return nil, nil
	}
	name := *pod.Spec.RuntimeClassName
	obj, err := p.Reader.Get(ctx, node.RuntimeClass, "", name)
	if apierrors.IsNotFound(err) {
		return nil, r.forbid(fmt.Sprintf("pod rejected: RuntimeClass %q not found", name))
	}
	if err != nil {
		return nil, err
	}
	class, _ := obj.(*nodev1.RuntimeClass)
	return class, nil
}
