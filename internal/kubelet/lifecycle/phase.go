package lifecycle

import corev1 "k8s.io/api/core/v1"

// initialized says whether every init container has done its part.
func (d *decider) initialized() bool {
	if d.mainBegun() {
		return true
	}
	for i := range d.Pod.Spec.InitContainers {
		c := &d.Pod.Spec.InitContainers[i]
		run := d.current(c.Name)
		if restartable(c) {
			if !d.started(c, run) {
				return false
			}
		} else if run == nil || run.State != Exited || run.ExitCode != 0 {
			return false
		}
	}
	return true
}

// phase sums the containers up. A pod that succeeded or failed stays so, and
// is neither before its last container has stopped.
func (d *decider) phase(s *corev1.PodStatus) corev1.PodPhase {
	if terminal(d.Pod.Status.Phase) {
		return d.Pod.Status.Phase
	}
	if d.ended && !d.Observed.Running() && !d.Memory.anyInFlight(StartContainer) {
		return d.lastPhase(s)
	}
	if d.Pod.Status.Phase == corev1.PodRunning || d.mainBegun() {
		return corev1.PodRunning
	}
	return corev1.PodPending
}

// lastPhase is that of a pod nothing of which runs any more.
func (d *decider) lastPhase(s *corev1.PodStatus) corev1.PodPhase {
	if d.failure != nil || d.initFailed() {
		return corev1.PodFailed
	}
	for i := range s.ContainerStatuses {
		if t := s.ContainerStatuses[i].State.Terminated; t == nil || t.ExitCode != 0 {
			return corev1.PodFailed
		}
	}
	return corev1.PodSucceeded
}
