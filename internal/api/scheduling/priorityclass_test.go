package scheduling

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestPriorityClass(t *testing.T) {
	apitest.Refused(t, PriorityClass, `{metadata: {name: system-node-critical}, value: 2000001000}`)
	apitest.Refused(t, PriorityClass, `{metadata: {name: system-mine}, value: 1}`,
		"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class")
	apitest.Refused(t, PriorityClass, `{metadata: {name: system-cluster-critical}, value: 2000000000}`)
	apitest.Refused(t, PriorityClass, `{metadata: {name: system-node-critical}, value: 1}`,
		"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: value of system-node-critical PriorityClass must be 2000001000")
	apitest.Refused(t, PriorityClass, `{metadata: {name: system-node-critical}, value: 2000001000, globalDefault: true}`,
		"metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: globalDefault of system-node-critical PriorityClass must be false")
	apitest.Refused(t, PriorityClass, `{metadata: {name: high}, value: 1000000000, preemptionPolicy: Sometimes}`,
		`preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"`)
	apitest.Refused(t, PriorityClass, `{metadata: {name: high}, value: 1, preemptionPolicy: ""}`, "preemptionPolicy: Required value")
	apitest.Refused(t, PriorityClass, `{metadata: {name: high}, value: 1000000001, preemptionPolicy: ""}`,
		"value: Forbidden: maximum allowed value of a user defined priority is 1000000000", "preemptionPolicy: Required value")
	apitest.Same(t, apitest.Created(t, PriorityClass, `{metadata: {name: low}, value: -5}`), `{metadata: {name: low, generation: 1}, value: -5, preemptionPolicy: PreemptLowerPriority}`)
	apitest.Updated(t, PriorityClass, `{metadata: {name: high}, value: 1}`, `{metadata: {name: high}, value: 2, preemptionPolicy: Never}`,
		"value: Forbidden: may not be changed in an update.", `preemptionPolicy: Invalid value: "Never": field is immutable`)
	apitest.Row(t, PriorityClass, `{metadata: {name: high}, value: 7, globalDefault: true}`, "high | 7 | true | <unknown> | PreemptLowerPriority")
}
