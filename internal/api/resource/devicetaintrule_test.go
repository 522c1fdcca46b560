package resource

import (
	"strings"
	"testing"

	resourcev1 "k8s.io/api/resource/v1"

	"skiff/internal/api/apitest"
)

func TestDeviceTaintRule(t *testing.T) {
	apitest.Refused(t, DeviceTaintRule, `{metadata: {name: r}, spec: {deviceSelector: {driver: "", pool: "a b", device: A}, taint: {}}}`,
		"spec.deviceSelector.driver: Required value", `spec.deviceSelector.pool: Invalid value: "a b": `, `spec.deviceSelector.device: Invalid value: "A": `,
		`spec.taint.key: Invalid value: "": name part must be non-empty`, `spec.taint.key: Invalid value: "": name part must consist of`,
		"spec.taint.effect: Required value")
	apitest.PartUpdated(t, DeviceTaintRule, "status", `{metadata: {name: r}}`, `{metadata: {name: r}, status: {conditions: [{type: A, status: "True", reason: "-", lastTransitionTime: "2000-01-01T00:00:00Z"}]}}`,
		`status.conditions[0].reason: Invalid value: "-": `)
}

func TestTaintsSayWhenTheyCame(t *testing.T) {
	const at = `"2000-01-01T00:00:00Z"`
	given := "{metadata: {name: r}, spec: {taint: {key: a, effect: None, timeAdded: " + at + "}}, status: {}}"
	apitest.Same(t, apitest.Created(t, DeviceTaintRule, given), given)
	added := apitest.Created(t, DeviceTaintRule, strings.Replace(given, "timeAdded: "+at, "", 1)).(*resourcev1.DeviceTaintRule).Spec.Taint.TimeAdded
	if added == nil || added.Year() < 2026 {
		t.Errorf("added %v", added)
	}
}

func TestTaintRuleStatus(t *testing.T) {
	const ready = `{type: T#, status: "True", reason: "-", lastTransitionTime: "2000-01-01T00:00:00Z"}`
	apitest.PartUpdated(t, DeviceTaintRule, "status", "{metadata: {name: r}}", "{metadata: {name: r}, status: {conditions: ["+many(9, ready)+"]}}",
		append(repeated("status.conditions[#].reason: Invalid value", 9), "status.conditions: Too many: 9: must have at most 8 items")...)
	apitest.Updated(t, DeviceTaintRule, "{metadata: {name: r}, spec: {taint: {key: a, effect: None}}}", "{metadata: {name: r}, spec: {taint: {key: a b, value: c d, effect: None}}}",
		`spec.taint.key: Invalid value: "a b": name part`, `spec.taint.value: Invalid value: "c d": a valid label`)
}

// A taint with another effect is there since now.
func TestTaintsAreRenewed(t *testing.T) {
	rule := func(effect, since string) string {
		return "{metadata: {name: r}, spec: {taint: {key: a, effect: " + effect + `, timeAdded: "` + since + `"}}}`
	}
	const first, later = "2000-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
	for _, c := range []struct {
		now  string
		year int
	}{{rule("NoExecute", first), 0}, {rule("NoExecute", later), 2001}, {rule("None", first), 2000}} {
		o, old := apitest.Parse(t, DeviceTaintRule, c.now), apitest.Parse(t, DeviceTaintRule, rule("None", first))
		DeviceTaintRule.PrepareUpdate(o, old)
		got := o.(*resourcev1.DeviceTaintRule).Spec.Taint.TimeAdded.Year()
		if c.year == 0 && got < 2026 || c.year != 0 && got != c.year {
			t.Errorf("%s: added in %d", c.now, got)
		}
	}
	if !DeviceTaintRule.RequireResourceVersion {
		t.Error("a rule can be replaced unseen")
	}
}
