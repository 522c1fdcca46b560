package admission

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/scheduling"
)

// Priority turns the name of a pod's priority class into its number, and sees
// to it that no more than one class is the default.
type Priority struct{ Reader api.Reader }

// Name implements Plugin.
func (Priority) Name() string { return "Priority" }

// Admit implements Admitter.
func (p Priority) Admit(ctx context.Context, r *Request) error {
	pod, ok := r.Object.(*corev1.Pod)
	if !ok || !r.is(core.Pod, "") {
		return nil
	}
	if r.Operation == Update {
		if old, ok := r.Old.(*corev1.Pod); ok && pod.Spec.Priority == nil {
			pod.Spec.Priority = old.Spec.Priority
		}
		return nil
	}
	if r.Operation != Create {
		return nil
	}
	class, err := p.classOf(ctx, r, pod)
	if err != nil {
		return err
	}
	if class == nil {
		class = &schedulingv1.PriorityClass{}
	}
	pod.Spec.PriorityClassName = class.Name
	if asked := pod.Spec.Priority; asked != nil && *asked != class.Value {
		return r.forbid(fmt.Sprintf("the integer value of priority (%d) must not be provided in pod spec; "+
			"priority admission controller computed %d from the given PriorityClass name", *asked, class.Value))
	}
	pod.Spec.Priority = ptr.To(class.Value)
	return p.preemption(r, pod, class)
}

func (p Priority) preemption(r *Request, pod *corev1.Pod, class *schedulingv1.PriorityClass) error {
	policy := ptr.Deref(class.PreemptionPolicy, corev1.PreemptLowerPriority)
	if asked := pod.Spec.PreemptionPolicy; asked != nil && *asked != policy {
		return r.forbid(fmt.Sprintf("the string value of PreemptionPolicy (%s) must not be provided in pod spec; "+
			"priority admission controller computed %s from the given PriorityClass name", *asked, policy))
	}
	pod.Spec.PreemptionPolicy = &policy
	return nil
}

// classOf finds the class of a new pod; nil is none.
func (p Priority) classOf(ctx context.Context, r *Request, pod *corev1.Pod) (*schedulingv1.PriorityClass, error) {
	name := pod.Spec.PriorityClassName
	if name == "" {
		return p.defaultClass(ctx)
	}
	obj, err := p.Reader.Get(ctx, scheduling.PriorityClass, "", name)
	if apierrors.IsNotFound(err) {
		return nil, r.forbid(fmt.Sprintf("no PriorityClass with name %v was found", name))
	}
	if err != nil {
		return nil, err
	}
	class, _ := obj.(*schedulingv1.PriorityClass)
	return class, nil
}

// defaultClass is the global default; should there be several, the lowest.
func (p Priority) defaultClass(ctx context.Context) (*schedulingv1.PriorityClass, error) {
	classes, err := p.Reader.List(ctx, scheduling.PriorityClass, "")
	if err != nil {
		return nil, err
	}
	var found *schedulingv1.PriorityClass
	for _, obj := range classes {
		if c, ok := obj.(*schedulingv1.PriorityClass); ok && c.GlobalDefault && (found == nil || c.Value < found.Value) {
			found = c
		}
	}
	return found, nil
}

// Validate implements Validator.
func (p Priority) Validate(ctx context.Context, r *Request) error {
	class, ok := r.Object.(*schedulingv1.PriorityClass)
	if !ok || !class.GlobalDefault {
		return nil
	}
	have, err := p.defaultClass(ctx)
	if err != nil {
		return err
	}
	if have != nil && have.Name != class.Name {
		return r.forbid(fmt.Sprintf("PriorityClass %v is already marked as default. Only one default can exist", have.Name))
	}
	return nil
}
