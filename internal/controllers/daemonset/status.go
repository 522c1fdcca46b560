package daemonset

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/controllers/pods"
)

// status counts nodes. recheck is when the next pod turns available by the
// mere passing of time; 0: none will.
func (v view) status(collisions *int32) (s appsv1.DaemonSetStatus, recheck time.Duration) {
	s = appsv1.DaemonSetStatus{
		ObservedGeneration: v.ds.Generation, CollisionCount: collisions, Conditions: v.ds.Status.Conditions,
	}
	for name, node := range v.nodes {
		pod := v.newest(v.pods[name])
		switch {
		case !node.run && pod != nil:
			s.NumberMisscheduled++
		case node.run:
			s.DesiredNumberScheduled++
			if pod != nil {
				s.CurrentNumberScheduled++
				recheck = soonest(recheck, v.count(&s, pod))
			}
		}
	}
	s.NumberUnavailable = s.DesiredNumberScheduled - s.NumberAvailable
	return s, recheck
}

// newest is the pod that speaks for its node: in a surge, the one that is
// available, and else the newer.
func (v view) newest(list []*corev1.Pod) (found *corev1.Pod) {
	for _, p := range list {
		if found == nil || v.available(p) && !v.available(found) ||
			v.available(p) == v.available(found) && found.CreationTimestamp.Before(&p.CreationTimestamp) {
			found = p
		}
	}
	return found
}

func (v view) count(s *appsv1.DaemonSetStatus, pod *corev1.Pod) (recheck time.Duration) {
	if pods.Ready(pod) {
		s.NumberReady++
		ok, in := pods.Available(pod, time.Duration(v.ds.Spec.MinReadySeconds)*time.Second, v.now)
		if ok {
			s.NumberAvailable++
		}
		recheck = in
	}
	if v.current(pod) {
		s.UpdatedNumberScheduled++
	}
	return recheck
}

func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
