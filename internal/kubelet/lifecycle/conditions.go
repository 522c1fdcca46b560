package lifecycle

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// conditions fills in the conditions that the kubelet owns; others' stay.
func (d *decider) conditions(s *corev1.PodStatus) {
	d.set(s, d.sandboxCondition())
	d.set(s, d.initializedCondition(s))
	containers := d.containersReady(s)
	d.set(s, d.readyCondition(s, containers))
	d.set(s, containers)
	d.set(s, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue})
}

// set puts a condition in; its transition time changes with its status only.
func (d *decider) set(s *corev1.PodStatus, c corev1.PodCondition) {
	c.ObservedGeneration = d.Pod.Generation
	c.LastTransitionTime = metav1.Time{Time: d.Now}.Rfc3339Copy()
	for i := range s.Conditions {
		old := &s.Conditions[i]
		if old.Type != c.Type {
			continue
		}
		if old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
		c.LastProbeTime = old.LastProbeTime
		*old = c
		return
	}
	s.Conditions = append(s.Conditions, c)
}

func condition(t corev1.PodConditionType, ok bool, reason, message string) corev1.PodCondition {
	c := corev1.PodCondition{Type: t, Status: corev1.ConditionFalse, Reason: reason, Message: message}
	if ok {
		c.Status = corev1.ConditionTrue
	}
	return c
}

func (d *decider) sandboxCondition() corev1.PodCondition {
	s := d.Observed.Sandbox()
	return condition(corev1.PodReadyToStartContainers, s != nil && s.Ready, "", "")
}

func (d *decider) initializedCondition(s *corev1.PodStatus) corev1.PodCondition {
	if s.Phase == corev1.PodSucceeded {
		return condition(corev1.PodInitialized, true, "PodCompleted", "")
	}
	if d.initialized() {
		return condition(corev1.PodInitialized, true, "", "")
	}
	var names []string
	for i, c := range s.InitContainerStatuses {
		if !c.Ready && (!restartable(&d.Pod.Spec.InitContainers[i]) || c.Started == nil || !*c.Started) {
			names = append(names, c.Name)
		}
	}
	return condition(corev1.PodInitialized, false, "ContainersNotInitialized",
		fmt.Sprintf("containers with incomplete status: [%s]", strings.Join(names, " ")))
}

func (d *decider) containersReady(s *corev1.PodStatus) corev1.PodCondition {
	switch s.Phase {
	case corev1.PodSucceeded:
		return condition(corev1.ContainersReady, false, "PodCompleted", "")
	case corev1.PodFailed:
		return condition(corev1.ContainersReady, false, "PodFailed", "")
	}
	var unready []string
	for i, c := range s.InitContainerStatuses {
		if restartable(&d.Pod.Spec.InitContainers[i]) && !c.Ready {
			unready = append(unready, c.Name)
		}
	}
	for _, c := range s.ContainerStatuses {
		if !c.Ready {
			unready = append(unready, c.Name)
		}
	}
	if len(unready) > 0 {
		return condition(corev1.ContainersReady, false, "ContainersNotReady",
			fmt.Sprintf("containers with unready status: [%s]", strings.Join(unready, " ")))
	}
	return condition(corev1.ContainersReady, true, "", "")
}

// readyCondition adds the readiness gates, which others set.
func (d *decider) readyCondition(s *corev1.PodStatus, containers corev1.PodCondition) corev1.PodCondition {
	if containers.Status != corev1.ConditionTrue {
		return condition(corev1.PodReady, false, containers.Reason, containers.Message)
	}
	var messages []string
	for _, gate := range d.Pod.Spec.ReadinessGates {
		if m := gateMessage(s, gate.ConditionType); m != "" {
			messages = append(messages, m)
		}
	}
	if len(messages) > 0 {
		return condition(corev1.PodReady, false, "ReadinessGatesNotReady", strings.Join(messages, ", "))
	}
	return condition(corev1.PodReady, true, "", "")
}

func gateMessage(s *corev1.PodStatus, gate corev1.PodConditionType) string {
	for _, c := range s.Conditions {
		if c.Type != gate {
			continue
		}
		if c.Status == corev1.ConditionTrue {
			return ""
		}
		return fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %v", gate, c.Status)
	}
	return fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate)
}
