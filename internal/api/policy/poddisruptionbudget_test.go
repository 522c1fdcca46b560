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

func TestBudgetIsANumberOrAPercentage(t *testing.T) {
	for _, tt := range []struct{ spec, want string }{
		{"{minAvailable: 0}", ""},
		{"{minAvailable: 100%}", ""},
		{"{maxUnavailable: 30%, selector: {}}", ""},
		{"{minAvailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow}", ""},
		{"{minAvailable: -1}", "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"},
		{"{maxUnavailable: 101%}", `spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%`},
		{"{maxUnavailable: half}", `spec.maxUnavailable: Invalid value: "half": a valid percent string must be a numeric string followed by an ending '%'`},
		{"{maxUnavailable: -5%}", `spec.maxUnavailable: Invalid value: "-5%": a valid percent string must be a numeric string followed by an ending '%'`},
		{"{selector: {matchLabels: {a: b c}}}", `spec.selector.matchLabels: Invalid value: "b c": a valid label must be`},
		{"{unhealthyPodEvictionPolicy: Never}", `spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"`},
	} {
		var want []string
		if tt.want != "" {
			want = append(want, tt.want)
		}
		apitest.Refused(t, PodDisruptionBudget, `{metadata: {name: b, namespace: ns}, spec: `+tt.spec+`}`, want...)
	}
}

func TestBudgetStatus(t *testing.T) {
	const old = `{metadata: {name: b, namespace: ns}}`
	apitest.PartUpdated(t, PodDisruptionBudget, "status", old, `{status: {disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3,
		conditions: [{type: DisruptionAllowed, status: "True", reason: SufficientPods, message: "", lastTransitionTime: "2000-01-01T00:00:00Z"}]}}`)
	apitest.PartUpdated(t, PodDisruptionBudget, "status", old, `{status: {disruptionsAllowed: -1, currentHealthy: -1, desiredHealthy: -1, expectedPods: -1,
		conditions: [{type: DisruptionAllowed, status: Maybe, reason: SufficientPods, lastTransitionTime: "2000-01-01T00:00:00Z"},
			{type: DisruptionAllowed, status: "True", reason: SufficientPods, lastTransitionTime: "2000-01-01T00:00:00Z"}]}}`,
		`status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"`,
		`status.conditions[1]: Duplicate value: "DisruptionAllowed"`,
		"status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0", "status.currentHealthy: Invalid value: -1: must",
		"status.desiredHealthy: Invalid value: -1: must", "status.expectedPods: Invalid value: -1: must")
}
