package scheduler

import (
	"context"
	"encoding/json"
	"log/slog"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/scheduler/core"
)

// bind tells the API server the pod's node.
func (s *Scheduler) bind(ctx context.Context, w *waiting, node string) {
	pod := w.pod
	err := s.kube.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: node},
	}, metav1.CreateOptions{})
	if err == nil {
		s.mu.Lock()
		s.queue.remove(pod.UID)
		s.mu.Unlock()
		s.events.Eventf(pod.Pod, corev1.EventTypeNormal, "Scheduled", "Successfully assigned %v/%v to %v", pod.Namespace, pod.Name, node)
		return
	}
	if !apierrors.IsNotFound(err) && ctx.Err() == nil {
		slog.Warn("binding failed, will be tried again", "pod", pod.Namespace+"/"+pod.Name, "node", node, "err", err)
	}
	s.unbind(w)
}

// unbind takes back what was assumed, unless the informer has shown meanwhile
// that the binding took place, or that the pod is gone.
func (s *Scheduler) unbind(w *waiting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	uid := w.pod.UID
	if !s.assumed[uid] {
		return
	}
	delete(s.assumed, uid)
	s.state.RemovePod(uid)
	if s.queue.all[uid] == w {
		s.queue.again(w)
	}
	s.queue.happened(podGone)
	s.signal()
}

// room is what preemption is to do for a pod.
type room struct {
	node    string
	victims []*core.Pod
	note    string // how it went, for the pod's condition
}

// makeRoom looks for less important pods to remove, and keeps the place free
// for pod from now on.
func (s *Scheduler) makeRoom(pod *core.Pod, f *core.Failure) room {
	if node := pod.Status.NominatedNodeName; node != "" && s.emptying(pod, node) {
		s.state.SetPod(pod, node)
		return room{node: node, note: "preemption: waiting for lower-priority pods to terminate on " + node + "."}
	}
	p, ok := s.state.Preempt(pod, f, s.currentBudgets())
	if !ok {
		delete(s.claimed, pod.UID)
		return room{note: "preemption: " + f.NoPreemption()}
	}
	r := room{node: p.Node}
	for _, v := range p.Victims {
		if s.claimed[v.UID] { // only a place kept free, which is not free any more
			delete(s.claimed, v.UID)
			s.state.RemovePod(v.UID)
			continue
		}
		r.victims = append(r.victims, v)
	}
	s.claimed[pod.UID] = true
	s.state.SetPod(pod, p.Node)
	return r
}

// emptying says whether pods less important than pod are leaving the node.
func (s *Scheduler) emptying(pod *core.Pod, node string) bool {
	for _, p := range s.state.On(node) {
		if p.DeletionTimestamp != nil && p.Priority < pod.Priority {
			return true
		}
	}
	return false
}

func (s *Scheduler) currentBudgets() (out []core.Budget) {
	if s.budgets == nil {
		return nil
	}
	all, _ := s.budgets.List(labels.Everything()) // a cache does not fail
	for _, b := range all {
		if selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector); err == nil {
			out = append(out, core.Budget{Namespace: b.Namespace, Selector: selector, Allowed: b.Status.DisruptionsAllowed})
		}
	}
	return out
}

// report writes why the pod has no node, and removes the victims.
func (s *Scheduler) report(ctx context.Context, pod *core.Pod, f *core.Failure, r room) {
	for _, v := range r.victims {
		s.evict(ctx, pod, v)
	}
	message := f.Error()
	if r.note != "" && f.Nodes > 0 {
		message += " " + r.note
	}
	s.events.Event(pod.Pod, corev1.EventTypeWarning, "FailedScheduling", message)
	c := corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
		Message: message, ObservedGeneration: pod.Generation, LastTransitionTime: metav1.Now(),
	}
	if stands(pod.Pod, &c) && pod.Status.NominatedNodeName == r.node {
		return
	}
	s.patchStatus(ctx, pod, map[string]any{"conditions": []corev1.PodCondition{c}, "nominatedNodeName": orNull(r.node)})
}

// stands says whether the pod has the condition already; if only the words
// differ, c takes its time over.
func stands(pod *corev1.Pod, c *corev1.PodCondition) bool {
	for _, have := range pod.Status.Conditions {
		if have.Type != c.Type {
			continue
		}
		if have.Status == c.Status {
			c.LastTransitionTime = have.LastTransitionTime
		}
		return have.Status == c.Status && have.Reason == c.Reason && have.Message == c.Message
	}
	return false
}

func (s *Scheduler) evict(ctx context.Context, pod, victim *core.Pod) {
	s.patchStatus(ctx, victim, map[string]any{"conditions": []corev1.PodCondition{{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: corev1.PodReasonPreemptionByScheduler,
		Message:            s.name + ": preempting to accommodate a higher priority pod",
		LastTransitionTime: metav1.Now(),
	}}})
	err := s.kube.CoreV1().Pods(victim.Namespace).Delete(ctx, victim.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &victim.UID},
	})
	if err != nil {
		if !apierrors.IsNotFound(err) {
			slog.Warn("preemption failed", "pod", pod.Name, "victim", victim.Namespace+"/"+victim.Name, "err", err)
		}
		return
	}
	s.events.Eventf(victim.Pod, corev1.EventTypeNormal, "Preempted", "Preempted by pod %v on node %v", pod.UID, victim.Spec.NodeName)
}

func (s *Scheduler) patchStatus(ctx context.Context, pod *core.Pod, status map[string]any) {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": status})
	if err == nil {
		_, err = s.kube.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	}
	if err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
		slog.Warn("status of pod was not written", "pod", pod.Namespace+"/"+pod.Name, "err", err)
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
