package coordination

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestLease(t *testing.T) {
	apitest.Refused(t, Lease, `{metadata: {name: l, namespace: ns}, spec: {leaseDurationSeconds: 0, leaseTransitions: -1}}`,
		"spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
		"spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0")
	apitest.Row(t, Lease, `{metadata: {name: l}, spec: {holderIdentity: me}}`, "l | me | <unknown>")
}

const elected = `{metadata: {name: l, namespace: ns}, spec: {strategy: OldestEmulationVersion, preferredHolder: me}}`

func TestUnusedElection(t *testing.T) {
	apitest.Same(t, apitest.Created(t, Lease, elected), `{metadata: {name: l, namespace: ns}, spec: {}}`)
	for old, want := range map[string]string{
		`{}`: `{}`, `{strategy: Old}`: `{strategy: OldestEmulationVersion}`, `{preferredHolder: you}`: `{preferredHolder: me}`,
	} {
		o := apitest.Parse(t, Lease, elected)
		Lease.PrepareUpdate(o, apitest.Parse(t, Lease, `{spec: `+old+`}`))
		apitest.Same(t, o, `{metadata: {name: l, namespace: ns}, spec: `+want+`}`)
	}
}

// Of a Lease that was stored with a strategy.
func TestLeaseStrategy(t *testing.T) {
	for spec, want := range map[string][]string{
		"{strategy: OldestEmulationVersion, preferredHolder: me}": nil,
		"{strategy: example.com/mine}":                            nil,
		"{strategy: Mine}":                                        {`spec.strategy.strategy: Unsupported value: "Mine": supported values: "OldestEmulationVersion"`},
		"{strategy: a/b/c}":                                       {`spec.strategy.strategy: Invalid value: "a/b/c": a valid label key`},
		"{preferredHolder: me}":                                   {"spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"},
		`{strategy: "", preferredHolder: me}`:                     {`spec.strategy.strategy: Unsupported value: ""`, "spec.preferredHolder: Forbidden: may only"},
		`{preferredHolder: ""}`:                                   nil,
	} {
		apitest.Errors(t, Lease.Validate(apitest.Parse(t, Lease, `{metadata: {name: l, namespace: ns}, spec: `+spec+`}`)), want...)
	}
}
