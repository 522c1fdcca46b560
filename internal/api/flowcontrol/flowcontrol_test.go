package flowcontrol

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestFlowSchema(t *testing.T) {
	apitest.Refused(t, FlowSchema, `{metadata: {name: f}, spec: {matchingPrecedence: 10001}}`,
		"spec.priorityLevelConfiguration.name: Required value",
		"spec.matchingPrecedence: Invalid value: 10001: must be between 1 and 10000")
	apitest.Row(t, FlowSchema, `{metadata: {name: f}, spec: {matchingPrecedence: 5, priorityLevelConfiguration: {name: p}, distinguisherMethod: {type: ByUser}}, status: {conditions: [{type: Dangling, status: "False"}]}}`,
		"f | p | 5 | ByUser | <unknown> | False")
}

func TestPriorityLevelConfiguration(t *testing.T) {
	apitest.Same(t, apitest.Created(t, PriorityLevelConfiguration, `{metadata: {name: p}, spec: {type: Limited, limited: {limitResponse: {type: Queue, queuing: {}}}}}`),
		`{metadata: {name: p}, spec: {type: Limited, limited: {nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: {type: Queue, queuing: {queues: 64, handSize: 8, queueLengthLimit: 50}}}}, status: {}}`)
	apitest.Row(t, PriorityLevelConfiguration, `{metadata: {name: p}, spec: {type: Exempt}}`, "p | Exempt | <none> | <none> | <none> | <none> | <unknown>")
}
