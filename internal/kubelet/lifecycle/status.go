package lifecycle

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pullErrorShown is how long a failed pull shows as ErrImagePull before it
// shows as the back-off that follows.
const pullErrorShown = 5 * time.Second

// status fills in the status to report. What others put into it stays.
func (d *decider) status() {
	s := d.Pod.Status.DeepCopy()
	s.ObservedGeneration = d.Pod.Generation
	s.InitContainerStatuses = d.containerStatuses(d.Pod.Spec.InitContainers, d.Pod.Status.InitContainerStatuses, true)
	s.ContainerStatuses = d.containerStatuses(d.Pod.Spec.Containers, d.Pod.Status.ContainerStatuses, false)
	s.EphemeralContainerStatuses = d.ephemeralStatuses()
	s.Phase = d.phase(s)
	if d.failure != nil {
		s.Reason, s.Message = d.failure.Reason, d.failure.Message
	}
	if s.StartTime == nil {
		s.StartTime = &metav1.Time{Time: d.Now.Truncate(time.Second)}
	}
	d.addresses(s)
	d.conditions(s)
	d.Status = *s
}

// addresses reports where the pod and its host are.
func (d *decider) addresses(s *corev1.PodStatus) {
	if len(d.HostIPs) > 0 {
		s.HostIP, s.HostIPs = d.HostIPs[0], nil
		for _, ip := range d.HostIPs {
			s.HostIPs = append(s.HostIPs, corev1.HostIP{IP: ip})
		}
	}
	var ips []string
	sandbox := d.Observed.Sandbox()
	switch {
	case sandbox == nil:
	case d.Pod.Spec.HostNetwork:
		ips = d.HostIPs
	case sandbox.Ready:
		ips = sandbox.IPs
	}
	if len(ips) == 0 {
		return // the last known ones stay
	}
	s.PodIP, s.PodIPs = ips[0], nil
	for _, ip := range ips {
		s.PodIPs = append(s.PodIPs, corev1.PodIP{IP: ip})
	}
}

func (d *decider) containerStatuses(specs []corev1.Container, old []corev1.ContainerStatus, init bool) []corev1.ContainerStatus {
	var out []corev1.ContainerStatus
	for i := range specs {
		out = append(out, d.containerStatus(&specs[i], find(old, specs[i].Name), init))
	}
	return out
}

func find(list []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

func (d *decider) containerStatus(c *corev1.Container, old *corev1.ContainerStatus, init bool) corev1.ContainerStatus {
	run := d.Observed.Newest(c.Name)
	if run == nil {
		return d.neverRan(c, old)
	}
	no := false
	s := corev1.ContainerStatus{
		Name:         c.Name,
		RestartCount: int32(run.Attempt),
		Image:        run.Image,
		ImageID:      run.ImageID,
		ContainerID:  containerID(run.ID),
		Started:      &no,
		Resources:    resources(c),
	}
	if run.User != nil {
		s.User = &corev1.ContainerUser{Linux: run.User}
	}
	if previous := d.Observed.Previous(c.Name); previous != nil && previous.State == Exited {
		s.LastTerminationState.Terminated = terminated(previous)
	} else if old != nil && run.Attempt > 0 {
		s.LastTerminationState = lastOf(old, run.ID)
	}
	d.runState(&s, c, run, init)
	return s
}

// lastOf is the last termination that the API already knows, where the
// runtime has lost it.
func lastOf(old *corev1.ContainerStatus, runID string) corev1.ContainerState {
	if t := old.State.Terminated; t != nil && t.ContainerID != containerID(runID) {
		return corev1.ContainerState{Terminated: t}
	}
	return old.LastTerminationState
}

// runState fills in state, started and ready from the newest run.
func (d *decider) runState(s *corev1.ContainerStatus, c *corev1.Container, run *Container, init bool) {
	switch {
	case run.State == Running && !d.hooking(c):
		s.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.Time{Time: run.Started.Truncate(time.Second)}}
		started := d.started(c, run)
		s.Started = &started
		s.Ready = d.ready(c, run) && (!init || restartable(c))
	case run.State == Exited:
		if w := d.waiting(c, run); w != nil {
			s.State.Waiting = w
			s.LastTerminationState.Terminated = terminated(run)
			return
		}
		s.State.Terminated = terminated(run)
		s.Ready = init && !restartable(c) && run.ExitCode == 0
	case run.State == Created, run.State == Running:
		s.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	default:
		s.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "ContainerStatusUnknown",
			Message: "The container could not be located when the pod was terminated", ContainerID: s.ContainerID}
	}
}

// neverRan is the status of a container of which the runtime knows nothing:
// it is still to be started, or the runtime lost it.
func (d *decider) neverRan(c *corev1.Container, old *corev1.ContainerStatus) corev1.ContainerStatus {
	no := false
	s := corev1.ContainerStatus{Name: c.Name, Image: c.Image, Started: &no, Resources: resources(c)}
	if old != nil && old.ContainerID != "" {
		s = *old.DeepCopy()
		s.Started = &no
		if s.State.Terminated == nil {
			s.Ready = false
			s.State = corev1.ContainerState{Terminated: lostRun(old)}
		}
		if d.ended {
			return s
		}
		s.Ready, s.LastTerminationState = false, s.State
	}
	s.State = corev1.ContainerState{Waiting: d.waiting(c, nil)}
	return s
}

func lostRun(old *corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	if old.State.Running == nil && old.LastTerminationState.Terminated != nil {
		return old.LastTerminationState.Terminated
	}
	return &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "ContainerStatusUnknown", ContainerID: old.ContainerID,
		Message: "The container could not be located when the pod was deleted.  The container used to be Running"}
}

// waiting says why a container is not running although it should; nil for one
// that ended and that nothing keeps from being restarted, or that stays ended.
func (d *decider) waiting(c *corev1.Container, run *Container) *corev1.ContainerStateWaiting {
	t := d.Memory.container(c.Name)
	if run != nil && (d.ended || !d.restarts(c, run) || d.Memory.starting(c.Name)) {
		return nil
	}
	if t.pullErr != nil {
		return t.pullWaiting(c.Image, d.Now)
	}
	if t.startErr != nil {
		return &corev1.ContainerStateWaiting{Reason: t.startErr.Reason, Message: t.startErr.Message}
	}
	if run != nil {
		until := t.start.Until(run.Finished)
		if !d.Now.Before(until) {
			return nil
		}
		return &corev1.ContainerStateWaiting{Reason: crashLoopBackOff, Message: fmt.Sprintf(
			backOffMessage+"%s restarting failed container=%s pod=%s_%s(%s)", t.start.Delay, c.Name, d.Pod.Name, d.Pod.Namespace, d.Pod.UID)}
	}
	if len(d.Pod.Spec.InitContainers) > 0 {
		return &corev1.ContainerStateWaiting{Reason: "PodInitializing"}
	}
	return &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
}

// pullWaiting is a failed pull as it shows now: after a while, as the back-off
// that it turned into.
func (t *tries) pullWaiting(image string, now time.Time) *corev1.ContainerStateWaiting {
	final := t.pullErr.Reason == "ErrImageNeverPull" || t.pullErr.Reason == "InvalidImageName"
	if final || now.Before(t.pulledAt.Add(pullErrorShown)) {
		return &corev1.ContainerStateWaiting{Reason: t.pullErr.Reason, Message: t.pullErr.Message}
	}
	return &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff",
		Message: fmt.Sprintf("Back-off pulling image %q: %s: %s", image, t.pullErr.Reason, t.pullErr.Message)}
}

// restarts says whether a run that ended will be followed by another.
func (d *decider) restarts(c *corev1.Container, run *Container) bool {
	switch {
	case d.isMain(c):
		return shouldRestart(run, d.policy(c))
	case restartable(c):
		return true
	}
	return !d.mainBegun() && shouldRestart(run, onFailure(d.policy(c)))
}

func (d *decider) isMain(c *corev1.Container) bool {
	for i := range d.Pod.Spec.Containers {
		if &d.Pod.Spec.Containers[i] == c {
			return true
		}
	}
	return false
}

func containerID(id string) string { return "containerd://" + id }

func terminated(run *Container) *corev1.ContainerStateTerminated {
	t := &corev1.ContainerStateTerminated{
		ExitCode:    run.ExitCode,
		Reason:      run.Reason,
		Message:     run.Message,
		StartedAt:   metav1.Time{Time: run.Started.Truncate(time.Second)},
		FinishedAt:  metav1.Time{Time: run.Finished.Truncate(time.Second)},
		ContainerID: containerID(run.ID),
	}
	if run.Started.IsZero() {
		t.StartedAt = metav1.Time{Time: time.Unix(0, 0)}
	}
	return t
}

// resources reports a container's resources as they were asked for.
func resources(c *corev1.Container) *corev1.ResourceRequirements {
	if len(c.Resources.Requests) == 0 && len(c.Resources.Limits) == 0 {
		return nil
	}
	return &corev1.ResourceRequirements{Requests: c.Resources.Requests, Limits: c.Resources.Limits}
}
