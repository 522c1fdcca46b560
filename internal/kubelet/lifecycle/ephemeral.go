package lifecycle

import corev1 "k8s.io/api/core/v1"

// Ephemeral is an ephemeral container as the containers that it is like: one
// that runs once.
func Ephemeral(e *corev1.EphemeralContainer) *corev1.Container {
	c := corev1.Container(e.EphemeralContainerCommon)
	never := corev1.ContainerRestartPolicyNever
	c.RestartPolicy = &never
	return &c
}

// ephemeral starts the containers that were added to look into the pod. They
// wait for nothing but the sandbox and, if they look into a container's
// processes, for that container to run.
func (d *decider) ephemeral() {
	for i := range d.Pod.Spec.EphemeralContainers {
		e := &d.Pod.Spec.EphemeralContainers[i]
		if e.TargetContainerName == "" || d.target(e.Name) != "" {
			d.keepRunning(Ephemeral(e), corev1.RestartPolicyNever)
		}
	}
}

// target is the ID of the running container whose processes an ephemeral
// container sees; empty for others, and while there is none.
func (d *decider) target(name string) string {
	for i := range d.Pod.Spec.EphemeralContainers {
		e := &d.Pod.Spec.EphemeralContainers[i]
		if e.Name != name || e.TargetContainerName == "" {
			continue
		}
		if run := d.current(e.TargetContainerName); run != nil && run.State == Running {
			return run.ID
		}
	}
	return ""
}

// ephemeralStatuses reports them. They are never ready: nothing is served by
// them.
func (d *decider) ephemeralStatuses() []corev1.ContainerStatus {
	var specs []corev1.Container
	for i := range d.Pod.Spec.EphemeralContainers {
		specs = append(specs, *Ephemeral(&d.Pod.Spec.EphemeralContainers[i]))
	}
	out := d.containerStatuses(specs, d.Pod.Status.EphemeralContainerStatuses, false)
	for i := range out {
		out[i].Ready, out[i].Started = false, nil
	}
	return out
}
