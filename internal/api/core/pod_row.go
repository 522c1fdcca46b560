package core

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"skiff/internal/api/table"
)

var podColumns = table.Of("Name", "Ready", "Status", "Restarts", "Age").Wide("IP", "Node", "Nominated Node", "Readiness Gates").
	Docs(map[string]string{
		"Ready":           "The aggregate readiness state of this pod for accepting traffic.",
		"Status":          "The aggregate status of the containers in this pod.",
		"Restarts":        "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
		"IP":              corev1.PodStatus{}.SwaggerDoc()["podIP"],
		"Node":            corev1.PodSpec{}.SwaggerDoc()["nodeName"],
		"Nominated Node":  corev1.PodStatus{}.SwaggerDoc()["nominatedNodeName"],
		"Readiness Gates": corev1.PodSpec{}.SwaggerDoc()["readinessGates"],
	})

func podRow(o *corev1.Pod) []any {
	s := summarize(o)
	ip := o.Status.PodIP
	if len(o.Status.PodIPs) > 0 {
		ip = o.Status.PodIPs[0].IP
	}
	return []any{
		o.Name, strconv.Itoa(s.ready) + "/" + strconv.Itoa(s.total), s.status, s.restartsCell(), table.Age(o.CreationTimestamp),
		table.Or(ip, table.None), table.Or(o.Spec.NodeName, table.None),
		table.Or(o.Status.NominatedNodeName, table.None), readinessGates(o),
	}
}

// podSummary is a pod in one line.
type podSummary struct {
	status       string
	ready, total int
	restarts     int
	lastRestart  metav1.Time
}

// summarize makes one status of the many in a pod: the phase, unless a
// container has more to say; the first init container that is not done speaks
// for all, then the first container.
func summarize(o *corev1.Pod) podSummary {
	s := podSummary{status: string(o.Status.Phase), total: len(o.Spec.Containers)}
	if o.Status.Reason != "" {
		s.status = o.Status.Reason
	}
	if c := condition(o, corev1.PodScheduled); c != nil && c.Reason == corev1.PodReasonSchedulingGated {
		s.status = corev1.PodReasonSchedulingGated
	}
	initializing := s.addInit(o)
	if !initializing || isTrue(condition(o, corev1.PodInitialized)) {
		s.addContainers(o)
	}
	switch {
	case o.DeletionTimestamp == nil:
	case o.Status.Reason == "NodeLost":
		s.status = "Unknown"
	case o.Status.Phase != corev1.PodFailed && o.Status.Phase != corev1.PodSucceeded:
		s.status = "Terminating"
	}
	return s
}

// addInit looks at the init containers and says whether one is still at work.
func (s *podSummary) addInit(o *corev1.Pod) bool {
	beside := sidecars(o)
	s.total += len(beside)
	for i, c := range o.Status.InitContainerStatuses {
		s.count(c)
		if c.State.Terminated != nil && c.State.Terminated.ExitCode == 0 {
			continue
		}
		if beside[c.Name] && c.Started != nil && *c.Started {
			if c.Ready {
				s.ready++
			}
			continue
		}
		switch t, w := c.State.Terminated, c.State.Waiting; {
		case t != nil:
			s.status = "Init:" + ended(t)
		case w != nil && w.Reason != "" && w.Reason != "PodInitializing":
			s.status = "Init:" + w.Reason
		default:
			s.status = fmt.Sprintf("Init:%d/%d", i, len(o.Spec.InitContainers))
		}
		return true
	}
	return false
}

// sidecars are the init containers that keep running beside the others, by name.
func sidecars(o *corev1.Pod) map[string]bool {
	names := map[string]bool{}
	for _, c := range o.Spec.InitContainers {
		if restartable(&c) {
			names[c.Name] = true
		}
	}
	return names
}

func (s *podSummary) addContainers(o *corev1.Pod) {
	s.restarts, s.lastRestart = 0, metav1.Time{} // of init containers that are done, nobody asks any more
	beside := sidecars(o)
	for _, c := range o.Status.InitContainerStatuses {
		if beside[c.Name] {
			s.count(c)
		}
	}
	running, failure := false, ""
	for i := len(o.Status.ContainerStatuses) - 1; i >= 0; i-- {
		c := o.Status.ContainerStatuses[i]
		s.count(c)
		switch t := c.State.Terminated; {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			s.status = c.State.Waiting.Reason
		case t != nil:
			s.status = ended(t)
			if t.ExitCode != 0 {
				failure = s.status
			}
		case c.Ready && c.State.Running != nil:
			running = true
			s.ready++
		}
	}
	if s.status == "Completed" {
		s.status = completed(running, running && isTrue(condition(o, corev1.PodReady)), failure)
	}
}

// completed is the status of a pod whose first container is done: what the
// others do says more.
func completed(running, ready bool, failure string) string {
	switch {
	case ready:
		return "Running"
	case failure != "":
		return failure
	case running:
		return "NotReady"
	}
	return "Completed"
}

func (s *podSummary) count(c corev1.ContainerStatus) {
	s.restarts += int(c.RestartCount)
	if t := c.LastTerminationState.Terminated; t != nil && s.lastRestart.Before(&t.FinishedAt) {
		s.lastRestart = t.FinishedAt
	}
}

func (s *podSummary) restartsCell() string {
	if s.restarts == 0 || s.lastRestart.IsZero() {
		return strconv.Itoa(s.restarts)
	}
	return fmt.Sprintf("%d (%s ago)", s.restarts, duration.HumanDuration(time.Since(s.lastRestart.Time)))
}

func ended(t *corev1.ContainerStateTerminated) string {
	switch {
	case t.Reason != "":
		return t.Reason
	case t.Signal != 0:
		return fmt.Sprintf("Signal:%d", t.Signal)
	}
	return fmt.Sprintf("ExitCode:%d", t.ExitCode)
}

func readinessGates(o *corev1.Pod) string {
	if len(o.Spec.ReadinessGates) == 0 {
		return table.None
	}
	n := 0
	for _, g := range o.Spec.ReadinessGates {
		if isTrue(condition(o, g.ConditionType)) {
			n++
		}
	}
	return fmt.Sprintf("%d/%d", n, len(o.Spec.ReadinessGates))
}

func condition(o *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range o.Status.Conditions {
		if o.Status.Conditions[i].Type == t {
			return &o.Status.Conditions[i]
		}
	}
	return nil
}

func isTrue(c *corev1.PodCondition) bool { return c != nil && c.Status == corev1.ConditionTrue }
