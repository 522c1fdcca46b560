package scheduler

import (
	"log/slog"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/scheduler/core"
)

// The handlers of the informers' events keep the State and the queue true.

func (s *Scheduler) nodeChanged(_, n *corev1.Node, deleted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if deleted {
		s.state.RemoveNode(n.Name)
		return
	}
	if s.state.SetNode(n) {
		s.queue.happened(nodeChanged)
		s.signal()
	}
}

func (s *Scheduler) namespaceChanged(_, ns *corev1.Namespace, deleted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if deleted {
		s.state.RemoveNamespace(ns.Name)
	} else {
		s.state.SetNamespace(ns.Name, ns.Labels)
	}
	s.queue.happened(namespaceChanged)
	s.signal()
}

func (s *Scheduler) podChanged(old, obj *corev1.Pod, deleted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.signal()
	if deleted || finished(obj) {
		s.forget(obj)
		return
	}
	pod, err := core.NewPod(obj)
	if err != nil {
		slog.Warn("a pod cannot be scheduled", "err", err)
		return
	}
	switch {
	case obj.Spec.NodeName != "":
		s.placed(old, pod)
	case obj.Spec.SchedulerName == s.name && obj.DeletionTimestamp == nil:
		s.wanted(pod)
	case obj.DeletionTimestamp != nil:
		s.forget(obj)
	}
}

// placed notes a pod that has a node.
func (s *Scheduler) placed(old *corev1.Pod, pod *core.Pod) {
	known := s.assumed[pod.UID] || old != nil && old.Spec.NodeName != ""
	delete(s.assumed, pod.UID)
	delete(s.claimed, pod.UID)
	s.queue.remove(pod.UID)
	s.state.SetPod(pod, pod.Spec.NodeName)
	if !known {
		s.queue.happened(podPlaced)
	}
	if old != nil && smaller(old, pod.Pod) {
		s.queue.happened(podGone)
	}
}

// smaller says whether a change of the pod may have made room: its requests
// were resized, or its labels are others.
func smaller(old, pod *corev1.Pod) bool {
	was, err := core.NewPod(old)
	if err != nil {
		return true
	}
	now, err := core.NewPod(pod)
	return err != nil || !now.SameDemands(was)
}

// wanted notes a pod that needs a node.
func (s *Scheduler) wanted(pod *core.Pod) {
	if s.assumed[pod.UID] {
		return // its binding is on the way
	}
	s.queue.set(pod)
	if n := pod.Status.NominatedNodeName; n != "" {
		s.claimed[pod.UID] = true
		s.state.SetPod(pod, n)
	}
}

// forget notes that a pod is gone.
func (s *Scheduler) forget(pod *corev1.Pod) {
	delete(s.assumed, pod.UID)
	delete(s.claimed, pod.UID)
	s.queue.remove(pod.UID)
	s.state.RemovePod(pod.UID)
	s.queue.happened(podGone)
}

func finished(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}
