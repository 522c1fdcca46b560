package statefulset

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"skiff/internal/controllers/pods"
)

// status counts the pods. recheck is when the next turns available by the mere
// passing of time; 0: none will.
func (v view) status(collisions *int32) (s appsv1.StatefulSetStatus, recheck time.Duration) {
	s = appsv1.StatefulSetStatus{
		ObservedGeneration: v.set.Generation, CurrentRevision: v.current, UpdateRevision: v.update,
		CollisionCount: collisions, Conditions: v.set.Status.Conditions,
	}
	for _, p := range v.pods {
		s.Replicas++
		if running(p) {
			s.ReadyReplicas++
			ok, in := pods.Available(p, v.minReady(), v.now)
			if ok {
				s.AvailableReplicas++
			} else if recheck == 0 || in < recheck {
				recheck = in
			}
		}
		if p.DeletionTimestamp != nil {
			continue
		}
		if p.Labels[revisionLabel] == v.current {
			s.CurrentReplicas++
		}
		if p.Labels[revisionLabel] == v.update {
			s.UpdatedReplicas++
		}
	}
	v.complete(&s)
	return s, recheck
}

// complete makes the newest revision the current one when all pods are of it.
func (v view) complete(s *appsv1.StatefulSetStatus) {
	if v.set.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType && s.CurrentRevision != s.UpdateRevision &&
		s.UpdatedReplicas == s.Replicas && s.ReadyReplicas == s.Replicas && int(s.Replicas) == replicas(v.set) {
		s.CurrentRevision, s.CurrentReplicas = s.UpdateRevision, s.UpdatedReplicas
	}
}
