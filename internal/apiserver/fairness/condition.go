package fairness

import (
	"fmt"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
)

// Dangling is the condition that a FlowSchema should have: whether its level
// is among those given. known says that it has it already. The time of the
// transition is left open.
func Dangling(fs *flowcontrolv1.FlowSchema, levels []*flowcontrolv1.PriorityLevelConfiguration) (want flowcontrolv1.FlowSchemaCondition, known bool) {
	name := fs.Spec.PriorityLevelConfiguration.Name
	want = flowcontrolv1.FlowSchemaCondition{
		Type: flowcontrolv1.FlowSchemaConditionDangling, Status: flowcontrolv1.ConditionTrue, Reason: "NotFound",
		Message: fmt.Sprintf("This FlowSchema references the PriorityLevelConfiguration object named %q but there is no such object", name),
	}
	for _, p := range levels {
		if p.Name == name && Usable(p) {
			want.Status, want.Reason = flowcontrolv1.ConditionFalse, "Found"
			want.Message = fmt.Sprintf("This FlowSchema references the PriorityLevelConfiguration object named %q and it exists", name)
		}
	}
	for _, have := range fs.Status.Conditions {
		if have.Type == want.Type {
			return want, have.Status == want.Status && have.Reason == want.Reason && have.Message == want.Message
		}
	}
	return want, false
}
