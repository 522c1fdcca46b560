package deployment

import (
	"fmt"
	"math"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Reasons of the Progressing and Available conditions. kubectl rollout status
// and other clients read them.
const (
	reasonCreated     = "NewReplicaSetCreated"
	reasonFound       = "FoundNewReplicaSet"
	reasonUpdated     = "ReplicaSetUpdated"
	reasonAvailable   = "NewReplicaSetAvailable"
	reasonTimedOut    = "ProgressDeadlineExceeded"
	reasonFailed      = "ReplicaSetCreateError"
	reasonPaused      = "DeploymentPaused"
	reasonResumed     = "DeploymentResumed"
	reasonMinimum     = "MinimumReplicasAvailable"
	reasonLessThanMin = "MinimumReplicasUnavailable"
)

// counts computes the status but for the Progressing condition.
func counts(d *appsv1.Deployment, current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet, now time.Time) appsv1.DeploymentStatus {
	all := withCurrent(current, old)
	s := appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation,
		CollisionCount:     d.Status.CollisionCount,
		Conditions:         slices.Clone(d.Status.Conditions),
	}
	terminating, known := int32(0), true
	for _, rs := range all {
		s.Replicas += rs.Status.Replicas
		s.ReadyReplicas += rs.Status.ReadyReplicas
		s.AvailableReplicas += rs.Status.AvailableReplicas
		if n := rs.Status.TerminatingReplicas; n != nil {
			terminating += *n
		} else {
			known = false
		}
	}
	if known {
		s.TerminatingReplicas = &terminating
	}
	if current != nil {
		s.UpdatedReplicas = current.Status.Replicas
	}
	s.UnavailableReplicas = max(total(all)-s.AvailableReplicas, 0)
	if s.AvailableReplicas >= replicas(d)-maxUnavailable(d) {
		setCondition(&s, appsv1.DeploymentAvailable, corev1.ConditionTrue, reasonMinimum, "Deployment has minimum availability.", now)
	} else {
		setCondition(&s, appsv1.DeploymentAvailable, corev1.ConditionFalse, reasonLessThanMin, "Deployment does not have minimum availability.", now)
	}
	return s
}

// rolloutStatus is the status in the course of a rollout.
func rolloutStatus(d *appsv1.Deployment, current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet, now time.Time) appsv1.DeploymentStatus {
	s := counts(d, current, old, now)
	if !hasDeadline(d) {
		removeCondition(&s, appsv1.DeploymentProgressing)
	} else if !settled(d, s) {
		progress(d, current, &s, now)
	}
	if f := failureOf(current, old); f != nil {
		setCondition(&s, appsv1.DeploymentReplicaFailure, f.Status, f.Reason, f.Message, now)
	} else {
		removeCondition(&s, appsv1.DeploymentReplicaFailure)
	}
	return s
}

// settled says that a rollout was reported complete and none has begun since.
func settled(d *appsv1.Deployment, s appsv1.DeploymentStatus) bool {
	c := condition(d.Status, appsv1.DeploymentProgressing)
	return s.Replicas == s.UpdatedReplicas && c != nil && c.Reason == reasonAvailable
}

// progress writes the Progressing condition: complete, under way, or late.
func progress(d *appsv1.Deployment, current *appsv1.ReplicaSet, s *appsv1.DeploymentStatus, now time.Time) {
	subject := fmt.Sprintf("Deployment %q", d.Name)
	if current != nil {
		subject = fmt.Sprintf("ReplicaSet %q", current.Name)
	}
	switch {
	case complete(d, s):
		setCondition(s, appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonAvailable, subject+" has successfully progressed.", now)
	case advanced(d.Status, *s):
		touchCondition(s, appsv1.DeploymentProgressing, corev1.ConditionTrue, reasonUpdated, subject+" is progressing.", now)
	case timedOut(d, *s, now):
		setCondition(s, appsv1.DeploymentProgressing, corev1.ConditionFalse, reasonTimedOut, subject+" has timed out progressing.", now)
	}
}

// complete says whether every wanted pod is of the current template and
// available, and no other is left.
func complete(d *appsv1.Deployment, s *appsv1.DeploymentStatus) bool {
	want := replicas(d)
	return s.UpdatedReplicas == want && s.Replicas == want && s.AvailableReplicas == want && s.ObservedGeneration >= d.Generation
}

func advanced(old, s appsv1.DeploymentStatus) bool {
	return s.UpdatedReplicas > old.UpdatedReplicas ||
		s.Replicas-s.UpdatedReplicas < old.Replicas-old.UpdatedReplicas ||
		s.ReadyReplicas > old.ReadyReplicas || s.AvailableReplicas > old.AvailableReplicas
}

func timedOut(d *appsv1.Deployment, s appsv1.DeploymentStatus, now time.Time) bool {
	c := condition(s, appsv1.DeploymentProgressing)
	if c == nil || c.Reason == reasonAvailable {
		return false
	}
	return c.Reason == reasonTimedOut || !c.LastUpdateTime.Add(deadline(d)).After(now)
}

// untilTimeOut says how long the rollout may still stand still before it is
// reported late; 0 when that cannot happen.
func untilTimeOut(d *appsv1.Deployment, s appsv1.DeploymentStatus, now time.Time) time.Duration {
	c := condition(s, appsv1.DeploymentProgressing)
	if !hasDeadline(d) || c == nil || c.Reason == reasonTimedOut || c.Reason == reasonAvailable {
		return 0
	}
	return max(c.LastUpdateTime.Add(deadline(d)).Sub(now), 0) + time.Second
}

func hasDeadline(d *appsv1.Deployment) bool {
	n := d.Spec.ProgressDeadlineSeconds
	return n != nil && *n != math.MaxInt32
}

func deadline(d *appsv1.Deployment) time.Duration {
	return time.Duration(*d.Spec.ProgressDeadlineSeconds) * time.Second
}

// pauseStatus returns d's status with the pause or its end in the Progressing
// condition, so that the deadline does not run meanwhile; false: no change.
func pauseStatus(d *appsv1.Deployment, now time.Time) (appsv1.DeploymentStatus, bool) {
	s := *d.Status.DeepCopy()
	c := condition(s, appsv1.DeploymentProgressing)
	if !hasDeadline(d) || c != nil && c.Reason == reasonTimedOut {
		return s, false
	}
	known := c != nil && c.Reason == reasonPaused
	if known == d.Spec.Paused {
		return s, false
	}
	if d.Spec.Paused {
		setCondition(&s, appsv1.DeploymentProgressing, corev1.ConditionUnknown, reasonPaused, "Deployment is paused", now)
	} else {
		setCondition(&s, appsv1.DeploymentProgressing, corev1.ConditionUnknown, reasonResumed, "Deployment is resumed", now)
	}
	return s, true
}

// failureOf returns the ReplicaFailure of the current ReplicaSet, else of an
// old one.
func failureOf(current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) *appsv1.ReplicaSetCondition {
	if current != nil {
		old = append([]*appsv1.ReplicaSet{current}, old...)
	}
	for _, rs := range old {
		for i := range rs.Status.Conditions {
			if c := &rs.Status.Conditions[i]; c.Type == appsv1.ReplicaSetReplicaFailure {
				return c
			}
		}
	}
	return nil
}

func condition(s appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == kind {
			return &s.Conditions[i]
		}
	}
	return nil
}

// setCondition writes a condition unless it stands with that status and reason
// already.
func setCondition(s *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string, now time.Time) {
	if c := condition(*s, kind); c != nil && c.Status == status && c.Reason == reason {
		return
	}
	touchCondition(s, kind, status, reason, message, now)
}

// touchCondition writes a condition with now as the time of its update.
func touchCondition(s *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, reason, message string, now time.Time) {
	since := metav1.NewTime(now)
	if c := condition(*s, kind); c != nil && c.Status == status {
		since = c.LastTransitionTime
	}
	removeCondition(s, kind)
	s.Conditions = append(s.Conditions, appsv1.DeploymentCondition{
		Type: kind, Status: status, Reason: reason, Message: message,
		LastUpdateTime: metav1.NewTime(now), LastTransitionTime: since,
	})
}

func removeCondition(s *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) {
	s.Conditions = slices.DeleteFunc(slices.Clone(s.Conditions), func(c appsv1.DeploymentCondition) bool { return c.Type == kind })
}

func withCurrent(current *appsv1.ReplicaSet, old []*appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	if current == nil {
		return old
	}
	return append(slices.Clone(old), current)
}
