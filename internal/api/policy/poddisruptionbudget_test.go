package policy

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestPodDisruptionBudget(t *testing.T) {
	apitest.Refused(t, PodDisruptionBudget, `{metadata: {name: b, namespace: ns}, spec: {minAvailable: 110%, maxUnavailable: -1}}`,
		`spec: Invalid value: {"minAvailable":"110%","maxUnavailable":-1}: minAvailable and maxUnavailable cannot be both set`,
		`spec.minAvailable: Invalid value: "110%": must not be greater than 100%`,
		"spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0")
	apitest.Row(t, PodDisruptionBudget, `{metadata: {name: b}, spec: {minAvailable: 50%}, status: {disruptionsAllowed: 1}}`, "b | 50% | N/A | 1 | <unknown>")
}
