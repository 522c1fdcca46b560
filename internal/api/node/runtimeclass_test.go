package node

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestRuntimeClass(t *testing.T) {
	apitest.Refused(t, RuntimeClass, `{metadata: {name: r}, handler: crun, overhead: {podFixed: {cpu: 250m, memory: 120Mi}},
		scheduling: {nodeSelector: {sandbox: "yes"}, tolerations: [{key: sandbox, operator: Exists}]}}`)
	apitest.Refused(t, RuntimeClass, `{metadata: {name: r}}`, "handler: Required value")
	apitest.Refused(t, RuntimeClass, `{metadata: {name: r}, handler: Crun, overhead: {podFixed: {cpu: "-1", pods: "1"}},
		scheduling: {nodeSelector: {"a b": c}, tolerations: [{operator: Equal}]}}`,
		`handler: Invalid value: "Crun": a lowercase RFC 1123 label`,
		`overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
		`overhead.limits[pods]: Invalid value: "pods": must be a standard resource for containers`,
		`scheduling.nodeSelector: Invalid value: "a b"`,
		`scheduling.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `+"`key`"+` is empty`)
	apitest.Updated(t, RuntimeClass, `{metadata: {name: r}, handler: crun}`, `{metadata: {name: r}, handler: runc}`,
		`handler: Invalid value: "runc": field is immutable`)
	apitest.Row(t, RuntimeClass, `{metadata: {name: r}, handler: crun}`, "r | crun | <unknown>")
}
