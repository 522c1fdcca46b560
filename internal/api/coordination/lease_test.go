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

func TestLeaseStrategy(t *testing.T) {
	for _, tt := range []struct{ spec, want string }{
		{"{strategy: OldestEmulationVersion, preferredHolder: me}", ""},
		{"{strategy: example.com/mine}", ""},
		{"{strategy: Mine}", `spec.strategy.strategy: Unsupported value: "Mine": supported values: "OldestEmulationVersion"`},
		{"{strategy: a/b/c}", `spec.strategy.strategy: Invalid value: "a/b/c": a valid label key`},
		{"{preferredHolder: me}", "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"},
		{`{preferredHolder: ""}`, ""},
	} {
		var want []string
		if tt.want != "" {
			want = append(want, tt.want)
		}
		apitest.Refused(t, Lease, `{metadata: {name: l, namespace: ns}, spec: `+tt.spec+`}`, want...)
	}
}
