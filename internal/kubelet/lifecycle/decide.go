package lifecycle

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Input is everything a decision is made from. Decide changes none of it.
type Input struct {
	Pod      *corev1.Pod
	Gone     bool // the object no longer exists in the API
	Observed Observed
	Memory   *Memory
	Probes   map[string]Health // by container ID; one without an entry is healthy
	HostIPs  []string
	Synced   func(corev1.PodStatus) bool // whether the API has this status
	HashOf   func(*corev1.Container) string
	Now      time.Time
}

// Health is what the probes say of a running container.
type Health struct {
	Started bool
	Ready   bool
	Deaf    bool   // does not listen yet where Services send to
	Failed  string // "liveness" or "startup" when the container must be restarted
}

// Decision is what to do now.
type Decision struct {
	Actions []Action
	Status  corev1.PodStatus
	Wake    time.Time // decide again then, if nothing happens before; zero for never
	Done    bool      // nothing of the pod is left
}

// Decide says what to do with a pod and what to report of it.
func Decide(in Input) Decision {
	d := &decider{Input: in}
	d.stage()
	d.status()
	if d.terminating() {
		d.deleteWhenReported()
	}
	return d.Decision
}

type decider struct {
	Input
	Decision
	ended   bool     // containers ran to their end, or must: none is started any more
	failure *Failure // why, if the pod itself failed
}

// stage begins what the pod's stage of life needs.
func (d *decider) stage() {
	d.failure = d.podFailure()
	switch {
	case d.terminating(), d.failure != nil, terminal(d.Pod.Status.Phase):
		d.ended = true
		d.end()
	case d.complete():
		d.ended = true
		d.end()
	default:
		d.run()
	}
}

func (d *decider) terminating() bool { return d.Gone || d.Pod.DeletionTimestamp != nil }

func terminal(p corev1.PodPhase) bool { return p == corev1.PodSucceeded || p == corev1.PodFailed }

// podFailure is why the pod as a whole must end, nil if it must not.
func (d *decider) podFailure() *Failure {
	if d.Memory.Evicted != nil {
		return d.Memory.Evicted
	}
	seconds := d.Pod.Spec.ActiveDeadlineSeconds
	if seconds == nil || d.Pod.Status.StartTime == nil || terminal(d.Pod.Status.Phase) {
		return nil
	}
	deadline := d.Pod.Status.StartTime.Add(time.Duration(*seconds) * time.Second)
	if d.Now.Before(deadline) {
		d.wake(deadline)
		return nil
	}
	return &Failure{"DeadlineExceeded", "Pod was active on the node longer than the specified deadline"}
}

// begin issues an action unless it is under way or must wait after a failure.
func (d *decider) begin(a Action) {
	if d.Memory.inFlight(a) {
		return
	}
	if r, ok := d.Memory.retries[a.Key()]; ok {
		if until := r.backoff.Until(r.at); d.Now.Before(until) {
			d.wake(until)
			return
		}
	}
	d.Actions = append(d.Actions, a)
}

func (d *decider) wake(at time.Time) {
	if d.Wake.IsZero() || at.Before(d.Wake) {
		d.Wake = at
	}
}
