package resource

import (
	"fmt"
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

func slice(spec string) string {
	return "{metadata: {name: s}, spec: {driver: d, pool: {name: p, resourceSliceCount: 1}, " + spec + "}}"
}

func devices(items string) string { return slice("allNodes: true, devices: [" + items + "]") }

func TestSliceRefused(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{devices("{name: a, attributes: {model: {string: x}, d/model: {version: 1.2.3-rc.1+b}}}"), nil},
		{"{metadata: {name: s}, spec: {}}", []string{
			"spec.driver: Required value", "spec.pool.name: Required value", "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
			"spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"}},
		{slice(`nodeName: "", allNodes: false, perDeviceNodeSelection: false`), []string{
			`spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string`,
			"spec.allNodes: Invalid value: false: must be either unset or set to true",
			"spec.perDeviceNodeSelection: Invalid value: false: must be either unset or set to true",
			"spec: Required value: exactly one of"}},
		{slice("nodeName: n, allNodes: true"), []string{
			"spec: Invalid value: \"{`nodeName`, `allNodes`}\": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set"}},
		{slice("allNodes: true, devices: [], sharedCounters: []"), []string{
			`spec: Invalid value: "": only one of ` + "`sharedCounters` or `devices` is allowed"}},
		{devices(strings.Repeat("{name: a},", 129)), []string{"spec.devices: Too many: 129: must have at most 128 items"}},
		{devices("{name: a}, {name: a}"), []string{`spec.devices[1]: Duplicate value: "a"`}},
		{devices(`{name: A, attributes: {1a: {string: x}, a/b/c: {string: x}, none: {}, v: {version: "1"}}}`), []string{
			`spec.devices[0].name: Invalid value: "A": a lowercase RFC 1123 label`,
			`spec.devices[0].attributes: Invalid value: "1a": a valid C identifier must start with`,
			`spec.devices[0].attributes: Invalid value: "a/b/c": must not contain more than one slash`,
			`spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0`,
			`spec.devices[0].attributes[none]: Invalid value: "": must specify one of: `}},
		{devices("{name: a, nodeName: n}"), []string{
			"spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec"}},
		{slice("perDeviceNodeSelection: true, devices: [{name: a}]"), []string{
			"spec.devices[0]: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when"}},
		{devices("{name: a, taints: [{key: a b, effect: Never}]}"), []string{
			`spec.devices[0].taints[0].key: Invalid value: "a b": name part must consist of`,
			`spec.devices[0].taints[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"`}},
		{devices("{name: a, bindingConditions: [x, x], bindingFailureConditions: [x]}"), []string{
			`spec.devices[0].bindingConditions[1]: Duplicate value: "x"`,
			`spec.devices[0].bindingFailureConditions[0]: Invalid value: "x": bindingFailureConditions must not overlap with bindingConditions`}},
		{devices("{name: a, consumesCounters: [{}]}"), []string{
			"spec.devices[0].consumesCounters[0].counterSet: Required value", "spec.devices[0].consumesCounters[0].counters: Required value"}},
		{slice("allNodes: true, sharedCounters: [{name: a, counters: {}}]"), []string{"spec.sharedCounters[0].counters: Required value"}},
		{devices(`{name: a, capacity: {memory: {value: 8, requestPolicy: {default: 1}}}}`), []string{
			"spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true"}},
		{devices(`{name: a, allowMultipleAllocations: true, capacity: {memory: {value: 8, requestPolicy: {default: 3, validValues: [2, 1, 9]}}}}`), []string{
			`spec.devices[0].capacity[memory].requestPolicy.validValues[1]: Invalid value: "1": values must be sorted in ascending order`,
			`spec.devices[0].capacity[memory].requestPolicy.validValues[2]: Invalid value: "9": option is larger than capacity value: 8`,
			`spec.devices[0].capacity[memory].requestPolicy.validValues: Invalid value: "3": default value is not valid according to the requestPolicy`}},
		{devices(`{name: a, allowMultipleAllocations: true, capacity: {memory: {value: 8, requestPolicy: {default: 2, validRange: {min: 1, max: 9, step: 2}}}}}`), []string{
			`spec.devices[0].capacity[memory].requestPolicy.validRange.max: Invalid value: "9": max is larger than capacity value: 8`,
			`spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "2": value is not a multiple of a given step (2) from (1)`}},
		{devices(`{name: a, allowMultipleAllocations: true, capacity: {memory: {value: 8, requestPolicy: {validRange: {min: 1}}}}}`), []string{
			"spec.devices[0].capacity[memory].requestPolicy.default: Required value: required when validRange is defined"}},
	} {
		t.Run(c.text[:min(90, len(c.text))], func(t *testing.T) { apitest.Refused(t, ResourceSlice, c.text, c.want...) })
	}
}

func TestSliceUpdate(t *testing.T) {
	apitest.Updated(t, ResourceSlice, slice("nodeName: n"), slice("nodeName: m"), `spec.nodeName: Invalid value: "m": field is immutable`)
	apitest.Updated(t, ResourceSlice, slice("nodeName: n"), strings.Replace(slice("nodeName: n"), "driver: d", "driver: e", 1),
		`spec.driver: Invalid value: "e": field is immutable`)
}

// Fields behind gates that are off are not kept.
func TestSliceFieldsDropped(t *testing.T) {
	apitest.Same(t, apitest.Created(t, ResourceSlice, slice(`allNodes: true, partitionTypeAttribute: d/x, skipNodeOperations: ["*"],
	  devices: [{name: a, attributes: {m: {int: 1, ints: [1]}}, nodeAllocatableResources: {cpu: {}}, consumesCounters: [{counterSet: c, counters: {x: {value: 1}}, compatibilityGroups: [g]}]}]`)),

		`{metadata: {name: s}, spec: {driver: d, pool: {name: p, generation: 0, resourceSliceCount: 1}, allNodes: true,
			  devices: [{name: a, attributes: {m: {int: 1}}, consumesCounters: [{counterSet: c, counters: {x: {value: "1"}}}]}]}}`)
}

func TestSliceFields(t *testing.T) {
	for text, want := range map[string]string{
		slice("nodeName: node1"): "map[spec.driver:d spec.nodeName:node1 spec.pool.name:p]", slice("allNodes: true"): "map[spec.driver:d spec.nodeName: spec.pool.name:p]",
	} {
		if got := fmt.Sprint(ResourceSlice.Fields(apitest.Parse(t, ResourceSlice, text))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSliceRow(t *testing.T) {
	apitest.Described(t, ResourceSlice, "Name string, Node string, Driver string, Pool string, Age string")
	apitest.Row(t, ResourceSlice, slice("nodeName: node1"), "s | node1 | d | p | <unknown>")
	apitest.Row(t, ResourceSlice, slice("allNodes: true"), "s | <unset> | d | p | <unknown>")
}

func TestDeviceClass(t *testing.T) {
	apitest.Refused(t, DeviceClass, `{metadata: {name: c}, spec: {selectors: [{}], config: [{}], extendedResourceName: cpu}}`,
		"spec.selectors[0].cel: Required value", "spec.config[0].opaque: Required value", `spec.extendedResourceName: Invalid value: "cpu": `)
	apitest.Refused(t, DeviceClass, `{metadata: {name: c}, spec: {extendedResourceName: example.com/gpu}}`)
	apitest.Described(t, DeviceClass, "Name string, Age string")
	apitest.Row(t, DeviceClass, "{metadata: {name: c}}", "c | <unknown>")
}
