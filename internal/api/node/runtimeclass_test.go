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
		`overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
		`overhead.limits[pods]: Invalid value: "pods": must be a standard resource for containers`,
		`scheduling.nodeSelector: Invalid value: "a b"`,
		`scheduling.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `+"`key`"+` is empty`,
		`handler: Invalid value: "Crun": a lowercase RFC 1123 label`)
	apitest.Updated(t, RuntimeClass, `{metadata: {name: r}, handler: crun}`, `{metadata: {name: r}, handler: runc}`,
		"handler: Invalid value: null: field is immutable")
	apitest.Updated(t, RuntimeClass, `{metadata: {name: r}, handler: crun}`, `{metadata: {name: r}, overhead: {podFixed: {cpu: -1}}}`,
		`overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`, "handler: Invalid value: null: field is immutable")
	apitest.Updated(t, RuntimeClass, `{metadata: {name: r}, handler: Crun}`, `{metadata: {name: r}, handler: Crun}`)
	const old = `{metadata: {name: r}, handler: crun, scheduling: {nodeSelector: {beta.kubernetes.io/os: linux, a: b, beta.kubernetes.io/arch: amd64}}}`
	want := []string{`scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/arch" instead`, `scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead`}
	apitest.Warned(t, RuntimeClass, old, want...)
	apitest.UpdateWarned(t, RuntimeClass, old, old, want...)
	apitest.Warned(t, RuntimeClass, `{metadata: {name: r}, handler: crun}`)
	apitest.Row(t, RuntimeClass, `{metadata: {name: r}, handler: crun}`, "r | crun | <unknown>")
}
