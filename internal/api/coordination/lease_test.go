package coordination

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestLease(t *testing.T) {
	apitest.Refused(t, Lease, `{metadata: {name: l, namespace: ns}, spec: {leaseDurationSeconds: 0, leaseTransitions: -1}}`,
		"spec.leaseDurationSeconds: Invalid value: 0: must be greater than zero",
		"spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0")
	apitest.Row(t, Lease, `{metadata: {name: l}, spec: {holderIdentity: me}}`, "l | me | <unknown>")
}
