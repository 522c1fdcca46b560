package node

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// conditionEvents are the events of each standard condition, by its status.
var conditionEvents = map[corev1.NodeConditionType]map[corev1.ConditionStatus]string{
	corev1.NodeReady:          {corev1.ConditionTrue: "NodeReady", corev1.ConditionFalse: "NodeNotReady"},
	corev1.NodeMemoryPressure: {corev1.ConditionTrue: "NodeHasInsufficientMemory", corev1.ConditionFalse: "NodeHasSufficientMemory"},
	corev1.NodeDiskPressure:   {corev1.ConditionTrue: "NodeHasDiskPressure", corev1.ConditionFalse: "NodeHasNoDiskPressure"},
	corev1.NodePIDPressure:    {corev1.ConditionTrue: "NodeHasInsufficientPID", corev1.ConditionFalse: "NodeHasSufficientPID"},
}

// changes are the events that tell how one status became another. That a node
// which has just registered is not ready yet is no news.
func changes(old, now corev1.NodeStatus) []string {
	was := map[corev1.NodeConditionType]corev1.ConditionStatus{}
	for _, c := range old.Conditions {
		was[c.Type] = c.Status
	}
	var reasons []string
	for _, c := range now.Conditions {
		reason := conditionEvents[c.Type][c.Status]
		if before, known := was[c.Type]; reason == "" || before == c.Status || !known && reason == "NodeNotReady" {
			continue
		}
		reasons = append(reasons, reason)
	}
	return reasons
}

// tell records how the node's status became another, and that its machine was
// started anew.
func (k *Keeper) tell(old, now corev1.NodeStatus) {
	for _, reason := range changes(old, now) {
		k.Event(corev1.EventTypeNormal, reason, fmt.Sprintf("Node %s status is now: %s", k.Name, reason))
	}
	if was, is := old.NodeInfo.BootID, now.NodeInfo.BootID; was != "" && was != is {
		k.Event(corev1.EventTypeWarning, "Rebooted", fmt.Sprintf("Node %s has been rebooted, boot id: %s", k.Name, is))
	}
}
