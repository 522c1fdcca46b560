// Package binding answers the creation of a Binding: it puts a pod on a node,
// once and for all. It is how schedulers say what they decided.
package binding

import (
	"context"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/api/core"
	podrules "skiff/internal/api/pod"
	"skiff/internal/apiserver"
)

// Keys are the subresources that Create answers: pods/binding, and the older
// bindings, which name their pod in the body.
var Keys = []apiserver.SubresourceKey{{Resource: "pods", Subresource: "binding"}, {Resource: "bindings"}}

// Create implements apiserver.CreateFunc.
func Create(ctx context.Context, c *apiserver.Call, body api.Object) (runtime.Object, error) {
	b, ok := body.(*corev1.Binding)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("not a Binding object: %T", body))
	}
	name := c.Name
	if c.Resource == "bindings" {
		name = b.Name
	}
	if b.Name != name {
		return nil, apierrors.NewBadRequest("name in URL does not match name in Binding object")
	}
	if err := core.Binding.Validate(b).ToAggregate(); err != nil {
		return nil, unknown(err)
	}
	_, err := c.Server.Mutate(ctx, core.Pod, c.Namespace, name, c.DryRun, func(o api.Object) error {
		return assign(o.(*corev1.Pod), b, metav1.Now())
	})
	if err != nil {
		return nil, err
	}
	return &metav1.Status{Status: metav1.StatusSuccess, Code: http.StatusCreated}, nil
}

// unknown is how clients know a binding that is wrong: not as an object that
// is invalid, but as an error of no kind.
func unknown(err error) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error(),
	}}
}

// assign puts the pod on the node, or says why it cannot be.
func assign(pod *corev1.Pod, b *corev1.Binding, now metav1.Time) error {
	refuse := func(format string, args ...any) error {
		return apierrors.NewConflict(schema.GroupResource{Resource: "pods/binding"}, pod.Name, fmt.Errorf(format, args...))
	}
	switch {
	case b.UID != "" && b.UID != pod.UID:
		return refuse("Precondition failed: UID in precondition: %v, UID in object meta: %v", b.UID, pod.UID)
	case b.ResourceVersion != "" && b.ResourceVersion != pod.ResourceVersion:
		return refuse("Precondition failed: ResourceVersion in precondition: %v, ResourceVersion in object meta: %v", b.ResourceVersion, pod.ResourceVersion)
	case pod.DeletionTimestamp != nil:
		return refuse("pod %s is being deleted, cannot be assigned to a host", pod.Name)
	case pod.Spec.NodeName != "":
		return refuse("pod %v is already assigned to node %q", pod.Name, pod.Spec.NodeName)
	case len(pod.Spec.SchedulingGates) > 0:
		return refuse("pod %v has non-empty .spec.schedulingGates", pod.Name)
	}
	pod.Spec.NodeName = b.Target.Name
	for k, v := range b.Annotations {
		metav1.SetMetaDataAnnotation(&pod.ObjectMeta, k, v)
	}
	for k, v := range b.Labels {
		metav1.SetMetaDataLabel(&pod.ObjectMeta, k, v)
	}
	podrules.DropInitAnnotations(pod.Annotations)
	setScheduled(&pod.Status, now)
	pod.Status.NominatedNodeName = ""
	return nil
}

func setScheduled(status *corev1.PodStatus, now metav1.Time) {
	condition := corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: now}
	for i := range status.Conditions {
		if have := &status.Conditions[i]; have.Type == corev1.PodScheduled {
			if have.Status == corev1.ConditionTrue {
				condition.LastTransitionTime = have.LastTransitionTime
			}
			*have = condition
			return
		}
	}
	status.Conditions = append(status.Conditions, condition)
}
