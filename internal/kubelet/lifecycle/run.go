package lifecycle

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// run drives a pod that should be up: volumes, sandbox and images at the same
// time, then init containers in order, then the others at once.
func (d *decider) run() {
	d.volumes()
	d.sandbox()
	d.collect()
	d.ephemeral()
	if d.initialize() {
		for i := range d.Pod.Spec.Containers {
			d.keepRunning(&d.Pod.Spec.Containers[i], d.policy(&d.Pod.Spec.Containers[i]))
		}
	}
}

func (d *decider) volumes() {
	v := d.Memory.Volumes
	refresh := !v.Refresh.IsZero() && !d.Now.Before(v.Refresh)
	if !v.Ready || v.Stale || refresh {
		d.begin(Action{Kind: SetUpVolumes})
	} else if !v.Refresh.IsZero() {
		d.wake(v.Refresh)
	}
}

// sandbox makes a sandbox where there is none that works. The network of a
// broken one is released first.
func (d *decider) sandbox() {
	current := d.Observed.Sandbox()
	switch {
	case current == nil:
		d.begin(Action{Kind: RunSandbox})
	case current.Ready:
	case !d.Memory.stopped[current.ID]:
		d.begin(Action{Kind: StopSandbox, ID: current.ID})
	default:
		d.begin(Action{Kind: RunSandbox, Attempt: int(current.Attempt) + 1})
	}
}

// collect removes what newer runs have replaced: all but the newest sandbox,
// and all but the two newest runs of a container.
func (d *decider) collect() {
	runs := map[string]int{}
	used := map[string]bool{}
	for _, c := range d.Observed.Containers {
		runs[c.Name]++
		if runs[c.Name] > 2 && c.State != Running {
			d.begin(Action{Kind: RemoveContainer, ID: c.ID, Container: c.Name})
			continue
		}
		used[c.SandboxID] = true
	}
	for i, s := range d.Observed.Sandboxes {
		switch {
		case i == 0:
		case s.Ready && !d.Memory.stopped[s.ID]:
			d.begin(Action{Kind: StopSandbox, ID: s.ID})
		case !used[s.ID]:
			d.begin(Action{Kind: RemoveSandbox, ID: s.ID})
		}
	}
}

// current returns the newest run of a container in the sandbox that works.
func (d *decider) current(name string) *Container {
	s := d.Observed.Sandbox()
	if s == nil {
		return nil
	}
	return d.Observed.NewestIn(s.ID, name)
}

// initialize runs the init containers in order; true once the others may run.
// Restartable ones must have started before the next, and are kept running.
func (d *decider) initialize() bool {
	begun := d.mainBegun()
	for i := range d.Pod.Spec.InitContainers {
		c := &d.Pod.Spec.InitContainers[i]
		if restartable(c) {
			d.keepRunning(c, corev1.RestartPolicyAlways)
			if !begun && !d.started(c, d.current(c.Name)) {
				return false
			}
			continue
		}
		if begun {
			continue
		}
		if run := d.current(c.Name); run == nil || run.State != Exited || run.ExitCode != 0 {
			d.keepRunning(c, onFailure(d.policy(c)))
			return false
		}
	}
	return true
}

// mainBegun says whether a main container ever ran in the current sandbox:
// then the init containers are done, whatever is left of them.
func (d *decider) mainBegun() bool {
	for i := range d.Pod.Spec.Containers {
		if d.current(d.Pod.Spec.Containers[i].Name) != nil {
			return true
		}
	}
	return false
}

func onFailure(p corev1.RestartPolicy) corev1.RestartPolicy {
	if p == corev1.RestartPolicyAlways {
		return corev1.RestartPolicyOnFailure
	}
	return p
}

// policy is the restart policy of one container: its own, or the pod's.
func (d *decider) policy(c *corev1.Container) corev1.RestartPolicy {
	if c.RestartPolicy != nil {
		return corev1.RestartPolicy(*c.RestartPolicy)
	}
	return d.Pod.Spec.RestartPolicy
}

func restartable(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func shouldRestart(run *Container, policy corev1.RestartPolicy) bool {
	switch policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return run.ExitCode != 0
	}
	return true
}

// keepRunning starts, restarts or stops one container.
func (d *decider) keepRunning(c *corev1.Container, policy corev1.RestartPolicy) {
	run := d.current(c.Name)
	if run == nil {
		// One that ended for good in an earlier sandbox stays ended.
		if last := d.Observed.Newest(c.Name); last == nil || last.State != Exited || d.rerun(c, last, policy) {
			d.start(c, nil)
		}
		return
	}
	switch run.State {
	case Running:
		d.healthy(c, run)
	case Created:
		if !d.Memory.starting(c.Name) {
			d.start(c, run)
		}
	case Exited:
		if shouldRestart(run, policy) {
			d.restart(c, run)
		}
	case Unknown:
		d.stop(run, d.grace(), fmt.Sprintf("Container %s is in unknown state, try killing it before restart", c.Name))
	}
}

// rerun says whether a container that ended in an earlier sandbox runs again:
// init containers always do, since the sandbox they prepared is gone.
func (d *decider) rerun(c *corev1.Container, last *Container, policy corev1.RestartPolicy) bool {
	for i := range d.Pod.Spec.InitContainers {
		if d.Pod.Spec.InitContainers[i].Name == c.Name {
			return true
		}
	}
	return shouldRestart(last, policy)
}

// healthy stops a running container that must be restarted.
func (d *decider) healthy(c *corev1.Container, run *Container) {
	if d.HashOf != nil && run.Hash != "" && d.HashOf(c) != run.Hash {
		d.stop(run, d.grace(), fmt.Sprintf("Container %s definition changed, will be restarted", c.Name))
		return
	}
	if kind := d.Probes[run.ID].Failed; kind != "" {
		d.stop(run, d.probeGrace(c, kind), fmt.Sprintf("Container %s failed %s probe, will be restarted", c.Name, kind))
	}
}

// restart starts a container again when its back-off has passed.
func (d *decider) restart(c *corev1.Container, run *Container) {
	if until := d.Memory.container(c.Name).start.Until(run.Finished); d.Now.Before(until) {
		d.wake(until)
		return
	}
	d.start(c, nil)
}

// start pulls the image and, once sandbox and volumes are there, starts a new
// run of the container, or the created one.
func (d *decider) start(c *corev1.Container, created *Container) {
	if d.Memory.starting(c.Name) {
		return
	}
	t := d.Memory.container(c.Name)
	if t.image == "" && created == nil {
		d.pull(c, t)
		return
	}
	s := d.Observed.Sandbox()
	if s == nil || !s.Ready || !d.Memory.Volumes.Ready {
		return
	}
	a := Action{Kind: StartContainer, Container: c.Name, SandboxID: s.ID, Attempt: d.attempt(c.Name), TargetID: d.target(c.Name)}
	if created != nil {
		a.ID, a.Attempt = created.ID, created.Attempt
	}
	d.begin(a)
}

func (d *decider) pull(c *corev1.Container, t *tries) {
	if until := t.pull.Until(t.pulledAt); d.Now.Before(until) {
		d.wake(until)
		if flip := t.pulledAt.Add(pullErrorShown); d.Now.Before(flip) {
			d.wake(flip)
		}
		return
	}
	d.begin(Action{Kind: PullImage, Container: c.Name})
}

// attempt is how many runs of a container came before the next one, by the
// runtime or, where it lost them, by the API.
func (d *decider) attempt(name string) int {
	if last := d.Observed.Newest(name); last != nil {
		return last.Attempt + 1
	}
	for _, list := range [][]corev1.ContainerStatus{d.Pod.Status.InitContainerStatuses, d.Pod.Status.ContainerStatuses, d.Pod.Status.EphemeralContainerStatuses} {
		for _, s := range list {
			if s.Name == name && s.ContainerID != "" {
				return int(s.RestartCount) + 1
			}
		}
	}
	return 0
}

// started says whether a run is up and past its startup probe.
func (d *decider) started(c *corev1.Container, run *Container) bool {
	if run == nil || run.State != Running || d.hooking(c) {
		return false
	}
	return c.StartupProbe == nil || d.Probes[run.ID].Started
}

// hooking says whether a container's postStart hook may still be running:
// until it ends the container does not count as started.
func (d *decider) hooking(c *corev1.Container) bool {
	return c.Lifecycle != nil && c.Lifecycle.PostStart != nil && d.Memory.starting(c.Name)
}

func (d *decider) ready(c *corev1.Container, run *Container) bool {
	if c.ReadinessProbe == nil {
		return d.started(c, run) && !d.Probes[run.ID].Deaf
	}
	return d.started(c, run) && d.Probes[run.ID].Ready
}
