package probe

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/kubelet/lifecycle"
)

// runner performs one probe of one container, period after period.
type runner struct {
	m    *Manager
	t    target
	p    *probed
	kind string // "Startup", "Liveness" or "Readiness"
	spec *corev1.Probe

	good, bad int32 // attempts in a row
}

// run probes until the container ends or the probe has said its last word.
func (r *runner) run(ctx context.Context, since time.Time) {
	if r.kind != "Startup" {
		select {
		case <-r.p.started:
		case <-ctx.Done():
			return
		}
	}
	first := time.Until(since.Add(time.Duration(r.spec.InitialDelaySeconds) * time.Second))
	timer := time.NewTimer(max(first, 0))
	defer timer.Stop()
	period := time.Duration(max(r.spec.PeriodSeconds, 1)) * time.Second
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(period)
		err := attempt(ctx, r.m.Exec, r.t, r.spec)
		if ctx.Err() != nil || !r.took(err) {
			return
		}
	}
}

// took counts an attempt and draws the conclusion. False ends the probe.
func (r *runner) took(err error) bool {
	if err != nil {
		r.good, r.bad = 0, r.bad+1
		r.m.Unhealthy(r.t.pod.UID, r.t.container.Name, r.kind+" probe failed: "+err.Error())
		if r.bad < max(r.spec.FailureThreshold, 1) {
			return true
		}
		return r.failed()
	}
	r.good, r.bad = r.good+1, 0
	if r.good < max(r.spec.SuccessThreshold, 1) {
		return true
	}
	return r.succeeded()
}

func (r *runner) failed() bool {
	switch r.kind {
	case "Readiness":
		r.m.update(r.t, r.p, func(h *lifecycle.Health) { h.Ready = false })
		return true
	case "Startup":
		r.m.update(r.t, r.p, func(h *lifecycle.Health) { h.Failed = "startup" })
	default:
		r.m.update(r.t, r.p, func(h *lifecycle.Health) { h.Failed = "liveness" })
	}
	return false
}

func (r *runner) succeeded() bool {
	switch r.kind {
	case "Readiness":
		r.m.update(r.t, r.p, func(h *lifecycle.Health) { h.Ready = true })
	case "Startup":
		r.m.update(r.t, r.p, func(h *lifecycle.Health) { h.Started = true })
		return false
	}
	return true
}

func podUID(uid types.UID) metav1.ObjectMeta { return metav1.ObjectMeta{UID: uid} }
