package lifecycle

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	defaultGrace = 30 // seconds
	// minimumGrace is given to every container, even of a pod deleted by force.
	minimumGrace = 1
)

// complete says whether every container has ended for good.
func (d *decider) complete() bool {
	if d.initFailed() {
		return true
	}
	for i := range d.Pod.Spec.Containers {
		c := &d.Pod.Spec.Containers[i]
		run := d.Observed.Newest(c.Name)
		if run == nil || run.State != Exited || shouldRestart(run, d.policy(c)) || d.Memory.starting(c.Name) {
			return false
		}
	}
	return true
}

// initFailed says whether an init container failed that is not to run again.
func (d *decider) initFailed() bool {
	if d.mainBegun() {
		return false
	}
	for i := range d.Pod.Spec.InitContainers {
		c := &d.Pod.Spec.InitContainers[i]
		run := d.current(c.Name)
		if run != nil && run.State == Exited && run.ExitCode != 0 && d.policy(c) == corev1.RestartPolicyNever {
			return true
		}
	}
	return false
}

// end brings the pod down: containers, sandbox, volumes, each after the other;
// when the object is gone, the remains too.
func (d *decider) end() {
	if d.Memory.anyInFlight(StartContainer, RunSandbox) {
		d.stopContainers() // what started meanwhile; the rest when it shows
		return
	}
	if d.stopContainers() || d.stopSandboxes() {
		return
	}
	if !d.Memory.TornDown {
		if !d.Memory.anyInFlight(SetUpVolumes) {
			d.begin(Action{Kind: TearDown})
		}
		return
	}
	if d.Gone {
		d.remove()
	}
}

// stopContainers stops what runs: first the main and ordinary init containers,
// then restartable init containers, last to first. True while any is left.
func (d *decider) stopContainers() bool {
	sidecars := map[string]int{}
	for i := range d.Pod.Spec.InitContainers {
		if c := &d.Pod.Spec.InitContainers[i]; restartable(c) {
			sidecars[c.Name] = i
		}
	}
	var last *Container
	left := false
	for i := range d.Observed.Containers {
		c := &d.Observed.Containers[i]
		if c.State == Exited || c.State == Created {
			continue
		}
		if order, ok := sidecars[c.Name]; ok {
			if last == nil || order > sidecars[last.Name] {
				last = c
			}
			continue
		}
		left = true
		d.stop(c, d.graceOf(c), "Stopping container "+c.Name)
	}
	if !left && last != nil {
		d.stop(last, d.graceLeft(), "Stopping container "+last.Name)
	}
	return left || last != nil
}

// stop stops a container, unless that is under way with no more grace.
func (d *decider) stop(c *Container, grace int64, reason string) {
	for _, a := range d.Memory.InFlight {
		if a.Kind == StopContainer && a.ID == c.ID && a.Grace <= grace {
			return
		}
	}
	d.begin(Action{Kind: StopContainer, ID: c.ID, Container: c.Name, Grace: grace, Reason: reason})
}

// grace is how many seconds the pod's containers get to end.
func (d *decider) grace() int64 {
	seconds := int64(defaultGrace)
	if s := d.Pod.Spec.TerminationGracePeriodSeconds; s != nil {
		seconds = *s
	}
	if s := d.Pod.DeletionGracePeriodSeconds; s != nil && d.Pod.DeletionTimestamp != nil {
		seconds = *s
	}
	return max(seconds, minimumGrace)
}

// graceOf is grace, for a container of a pod whose definition may be lost.
func (d *decider) graceOf(c *Container) int64 {
	if d.Gone && d.Pod.Spec.TerminationGracePeriodSeconds == nil && c.Grace != nil {
		return max(*c.Grace, minimumGrace)
	}
	return d.grace()
}

// graceLeft is what remains of it for containers that are stopped after others.
func (d *decider) graceLeft() int64 {
	if d.Pod.DeletionTimestamp == nil {
		return d.grace()
	}
	left := int64(d.Pod.DeletionTimestamp.Sub(d.Now) / time.Second)
	return max(min(left, d.grace()), minimumGrace)
}

func (d *decider) probeGrace(c *corev1.Container, kind string) int64 {
	p := c.LivenessProbe
	if kind == "startup" {
		p = c.StartupProbe
	}
	if p != nil && p.TerminationGracePeriodSeconds != nil {
		return max(*p.TerminationGracePeriodSeconds, minimumGrace)
	}
	return d.grace()
}

// stopSandboxes stops every sandbox; true while one may still be up.
func (d *decider) stopSandboxes() bool {
	left := false
	for _, s := range d.Observed.Sandboxes {
		if !d.Memory.stopped[s.ID] {
			left = true
			d.begin(Action{Kind: StopSandbox, ID: s.ID})
		}
	}
	return left
}

// remove removes the remains of a pod that no longer exists.
func (d *decider) remove() {
	for _, c := range d.Observed.Containers {
		d.begin(Action{Kind: RemoveContainer, ID: c.ID, Container: c.Name})
	}
	if len(d.Observed.Containers) > 0 {
		return
	}
	for _, s := range d.Observed.Sandboxes {
		d.begin(Action{Kind: RemoveSandbox, ID: s.ID})
	}
	if len(d.Observed.Sandboxes) > 0 {
		return
	}
	d.Done = true
}

// deleteWhenReported deletes the object once nothing of the pod is up and the
// API has its last status.
func (d *decider) deleteWhenReported() {
	if d.Gone || d.Memory.deleted || !d.Memory.TornDown || d.Observed.Running() {
		return
	}
	if d.Synced == nil || d.Synced(d.Status) {
		d.begin(Action{Kind: DeletePod})
	}
}
