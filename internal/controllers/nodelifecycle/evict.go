package nodelifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/reconcile"
)

// podChanged looks at pods that come to a tainted node.
func (c *Controller) podChanged(old, p *corev1.Pod, deleted bool) {
	if deleted || p.Spec.NodeName == "" {
		return
	}
	if old != nil && old.Spec.NodeName == p.Spec.NodeName && len(old.Spec.Tolerations) == len(p.Spec.Tolerations) {
		return
	}
	if n, err := c.nodes.Get(p.Spec.NodeName); err == nil && len(n.Spec.Taints) > 0 {
		c.evictor.Add(reconcile.KeyOf(p))
	}
}

// evict deletes a pod whose time on its node is over.
func (c *Controller) evict(ctx context.Context, key reconcile.Key) error {
	p, err := c.podList.Pods(key.Namespace).Get(key.Name)
	if err != nil || p.DeletionTimestamp != nil || p.Spec.NodeName == "" {
		return reconcile.IgnoreNotFound(err)
	}
	n, err := c.nodes.Get(p.Spec.NodeName)
	if err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	at, must := evictAt(p, n.Spec.Taints, time.Now())
	if !must {
		return nil
	}
	if left := time.Until(at); left > 0 {
		c.evictor.AddAfter(key, left)
		return nil
	}
	c.events.Eventf(p, corev1.EventTypeNormal, "TaintManagerEviction", "Marking for deletion Pod %s", key)
	if err := c.markDisrupted(ctx, p); err != nil {
		return err
	}
	err = c.kube.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("eviction of pod %s: %w", key, err)
	}
	return nil
}

func (c *Controller) markDisrupted(ctx context.Context, p *corev1.Pod) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": p.UID},
		"status": map[string]any{"conditions": []corev1.PodCondition{{
			Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "DeletionByTaintManager",
			Message: "Taint manager: deleting due to NoExecute taint", LastTransitionTime: metav1.Now(),
		}}},
	})
	if err != nil {
		return err
	}
	_, err = c.kube.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return reconcile.IgnoreNotFound(err)
}
