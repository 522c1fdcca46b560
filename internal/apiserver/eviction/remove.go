package eviction

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authn"
	"skiff/internal/pki"
)

// remove marks the pod as disrupted and deletes it, as the system: who may
// evict need not be one who may delete.
func (e *Evictor) remove(ctx context.Context, c *apiserver.Call, pod *corev1.Pod, o *metav1.DeleteOptions) error {
	e.once.Do(func() {
		e.kube, e.err = kubernetes.NewForConfig(c.Server.Client(authn.NewUser("system:apiserver", pki.MastersGroup)))
	})
	if e.err != nil {
		return e.err
	}
	dryRun := len(o.DryRun) > 0
	marked, err := c.Server.Mutate(ctx, core.Pod, pod.Namespace, pod.Name, dryRun, func(obj api.Object) error {
		p := obj.(*corev1.Pod)
		if err := asExpected(p, o.Preconditions); err != nil {
			return err
		}
		markDisrupted(p, time.Now())
		return nil
	})
	if err != nil {
		return err
	}
	o = o.DeepCopy()
	if version(o) != "" && !dryRun {
		o.Preconditions.ResourceVersion = new(marked.Object().GetResourceVersion()) // the mark made it another
	}
	if o.Preconditions == nil {
		o.Preconditions = metav1.NewUIDPreconditions(string(pod.UID))
	}
	return e.kube.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, *o)
}

// asExpected compares the pod with the one that the client means.
func asExpected(pod *corev1.Pod, p *metav1.Preconditions) error {
	conflict := func(format string, args ...any) error {
		return apierrors.NewConflict(schema.GroupResource{Resource: "Pod"}, pod.Name, fmt.Errorf(format, args...))
	}
	if p == nil {
		return nil
	}
	if p.UID != nil && *p.UID != "" && *p.UID != pod.UID {
		return conflict("the UID in the precondition (%s) does not match the UID in record (%s). "+
			"The object might have been deleted and then recreated", *p.UID, pod.UID)
	}
	if v := p.ResourceVersion; v != nil && *v != "" && *v != pod.ResourceVersion {
		return conflict("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). "+
			"The object might have been modified", *v, pod.ResourceVersion)
	}
	return nil
}

func markDisrupted(pod *corev1.Pod, now time.Time) {
	condition := corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue,
		Reason: "EvictionByEvictionAPI", Message: "Eviction API: evicting", LastTransitionTime: metav1.NewTime(now),
	}
	for i := range pod.Status.Conditions {
		have := &pod.Status.Conditions[i]
		if have.Type != condition.Type {
			continue
		}
		if have.Status == condition.Status {
			condition.LastTransitionTime = have.LastTransitionTime
		}
		*have = condition
		return
	}
	pod.Status.Conditions = append(pod.Status.Conditions, condition)
}
