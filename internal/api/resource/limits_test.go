package resource

import (
	"fmt"
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

// many is n items of a list or a map, each made of its number.
func many(n int, item string) string {
	var all []string
	for i := range n {
		all = append(all, strings.ReplaceAll(item, "#", fmt.Sprint(i)))
	}
	return strings.Join(all, ", ")
}

func TestCapacityPolicies(t *testing.T) {
	const at = "spec.devices[0].capacity[memory].requestPolicy"
	const huge = "9223372036854775808"
	for _, c := range []struct {
		policy string // of a capacity of 8
		want   []string
	}{
		{"", nil},
		{"default: 2", nil},
		{"default: 2, validValues: [1, 2, 8]", nil},
		{"default: 1, validValues: [1], validRange: {min: 1}", []string{
			at + `: Forbidden: exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time`}},
		{"validValues: [1]", []string{at + ".default: Required value: required when validValues is defined"}},
		{"default: 1, validValues: [" + many(11, "1") + "]", []string{
			at + ".validValues: Too many: 11: must have at most 10 items", at + `.validValues: Invalid value: "1": default value is not valid`}},
		{"default: 1, validValues: [1, 1]", []string{at + `.validValues[1]: Duplicate value: "1"`}},

		{"default: 3, validRange: {min: 1, max: 7, step: 2}", nil},
		{"default: 8, validRange: {min: 0}", nil},
		{"default: 1, validRange: {}", []string{at + ".validRange.min: Required value: required when validRange is defined"}},
		{"default: 9, validRange: {min: 9}", []string{at + `.validRange.min: Invalid value: "9": min is larger than capacity value: 8`}},
		{"default: 1, validRange: {min: 2}", []string{at + `.validRange.default: Invalid value: "1": default is less than min: 2`}},
		{"default: 4, validRange: {min: 4, max: 3}", []string{
			at + `.validRange.max: Invalid value: "4": min is larger than max: 3`, at + `.validRange.default: Invalid value: "4": default is more than max: 3`}},
		{"default: 1, validRange: {min: 1, step: 0}", []string{at + `.validRange.step: Invalid value: "0": must be greater than zero`}},
		{"default: 1, validRange: {min: 1, step: 8}", []string{at + `.validRange.step: Invalid value: "8": one step 9 is larger than capacity value: 8`}},
		{"default: 2, validRange: {min: 1, step: 2}", []string{at + `.validRange.step: Invalid value: "2": value is not a multiple of a given step (2) from (1)`}},
		{"default: 1, validRange: {min: 1, max: 8, step: 2}", []string{at + `.validRange.step: Invalid value: "8": value is not a multiple of a given step (2) from (1)`}},
		{"default: 0, validRange: {min: -1, step: 1}", []string{at + `.validRange.min: Invalid value: "-1": must be greater than or equal to 0`}},
		{"default: " + huge + ", validRange: {min: 1, step: 1}", []string{
			at + `.validRange.default: Invalid value: "9223372036854775808": must not be larger than 9223372036854775807`}},
		{"default: 1, validRange: {min: 1, max: " + huge + ", step: 1}", []string{
			at + `.validRange.max: Invalid value: "9223372036854775808": max is larger than capacity value: 8`,
			at + `.validRange.max: Invalid value: "9223372036854775808": must not be larger than 9223372036854775807`}},
		{"default: 1, validRange: {min: 1, step: " + huge + "}", []string{
			at + `.validRange.step: Invalid value: "9223372036854775808": one step 9223372036854775809 is larger than capacity value: 8`,
			at + `.validRange.step: Invalid value: "9223372036854775808": must not be larger than 9223372036854775807`}},
	} {
		policy := ", requestPolicy: {" + c.policy + "}"
		if c.policy == "" {
			policy = ""
		}
		apitest.Refused(t, ResourceSlice, devices("{name: a, allowMultipleAllocations: true, capacity: {memory: {value: 8"+policy+"}}}"), c.want...)
	}
	apitest.Refused(t, ResourceSlice, devices("{name: a, capacity: {a b: {value: 1}}}"), `spec.devices[0].capacity: Invalid value: "a b": a valid C identifier`)
	// What is stored is not judged again, by rules that came later.
	const unsorted = "{name: a, allowMultipleAllocations: true, capacity: {memory: {value: 8, requestPolicy: {default: 1, validValues: [2, 1]}}}, taints: [{key: a b, effect: None, timeAdded: \"2000-01-01T00:00:00Z\"}]}"
	apitest.Updated(t, ResourceSlice, devices(unsorted), devices(unsorted))
	apitest.Updated(t, ResourceSlice, devices("{name: a}"), devices(unsorted),
		`spec.devices[0].capacity[memory].requestPolicy.validValues[1]: Invalid value: "1": values must be sorted in ascending order`,
		`spec.devices[0].taints[0].key: Invalid value: "a b": name part`)
}

func TestDeviceLimits(t *testing.T) {
	long := strings.Repeat("x", 64)
	version := "1.0.0-" + long[6:] + "y"
	for _, c := range []struct {
		text string
		want []string
	}{
		{devices("{name: a, attributes: {" + many(32, "a#: {int: 1}") + "}}"), nil},
		{devices("{name: a, attributes: {" + many(32, "a#: {int: 1}") + "}, capacity: {a: {value: 1}}}"), []string{
			"spec.devices[0]: Invalid value: 33: the total number of attributes and capacities must not exceed 32"}},
		{devices("{name: a, attributes: {s: {string: " + long + "}}}"), nil},
		{devices("{name: a, attributes: {s: {string: " + long + "y}, v: {version: " + version + "}}}"), []string{
			"spec.devices[0].attributes[s].string: Too long: may not be more than 64 bytes", "spec.devices[0].attributes[v].version: Too long: may not be more than 64 bytes"}},
		{devices("{name: a, attributes: {d/1a: {int: 1}}}"), []string{`spec.devices[0].attributes: Invalid value: "1a": a valid C identifier`}},
		{devices("{name: a, attributes: {/a: {int: 1}, d/: {int: 1}, d_/a: {int: 1}, " + long[:33] + ": {int: 1}}}"), []string{
			`spec.devices[0].attributes: Invalid value: "": the domain must not be empty`,
			`spec.devices[0].attributes: Invalid value: "": the name must not be empty`,
			`spec.devices[0].attributes: Invalid value: "d_": a lowercase RFC 1123 subdomain`,
			"spec.devices[0].attributes: Too long: may not be more than 32 bytes"}},
		{devices("{name: a, taints: [" + many(16, "{key: k#, effect: None}") + "]}"), nil},
		{devices("{name: a, taints: [" + many(17, "{key: k#, effect: None}") + "]}"), []string{"spec.devices[0].taints: Too many: 17: must have at most 16 items"}},
		{devices("{name: a, taints: [{key: k, value: a b, effect: None}]}"), []string{`spec.devices[0].taints[0].value: Invalid value: "a b": a valid label must`}},
		{devices(many(64, "{name: a#, taints: [{key: k, effect: None}]}")), nil},
		{devices(many(65, "{name: a#, taints: [{key: k, effect: None}]}")), []string{"spec.devices: Too many: 65: must have at most 64 items"}},
		{devices(many(65, "{name: a#, consumesCounters: [{counterSet: c, counters: {x: {value: 1}}}]}")), []string{"spec.devices: Too many: 65: must have at most 64 items"}},
		{devices(many(128, "{name: a#}")), nil},
		{devices("{name: a, consumesCounters: [{counterSet: c, counters: {" + many(33, "x#: {value: 1}") + "}}]}"), []string{
			"spec.devices[0].consumesCounters[0].counters: Too many: 33: must have at most 32 items"}},
		{slice("allNodes: true, sharedCounters: [{name: c, counters: {" + many(33, "x#: {value: 1}") + "}}]"), []string{
			"spec.sharedCounters[0].counters: Too many: 33: must have at most 32 items"}},
		{devices("{name: a, bindingConditions: [x], bindingFailureConditions: [w]}"), nil},
		{devices("{name: a, bindingConditions: [a b], bindingFailureConditions: [w, w, c d]}"), []string{
			`spec.devices[0].bindingConditions[0]: Invalid value: "a b": name part`, `spec.devices[0].bindingFailureConditions[2]: Invalid value: "c d": name part`,
			`spec.devices[0].bindingFailureConditions[1]: Duplicate value: "w"`}},
		{devices("{name: a, bindingFailureConditions: [w]}"), []string{
			"spec.devices[0].bindingConditions: Invalid value: null: bindingConditions are required to use bindingFailureConditions"}},
	} {
		apitest.Refused(t, ResourceSlice, c.text, c.want...)
	}
}

// Lists of values come only from clusters where they were on.
func TestListAttributes(t *testing.T) {
	judge := func(device string, want ...string) {
		t.Helper()
		apitest.Errors(t, ResourceSlice.Validate(apitest.Parse(t, ResourceSlice, devices(device))), want...)
	}
	long := strings.Repeat("x", 65)
	judge("{name: a, attributes: {a: {strings: [" + many(48, "x#") + "]}}}")
	judge("{name: a, attributes: {a: {strings: ["+many(48, "x#")+"]}, b: {int: 1}}}",
		"spec.devices[0]: Invalid value: 49: the total number of attribute values must not exceed 48")
	judge("{name: a, attributes: {a: {strings: [x, "+long+"]}, b: {versions: [1.0.0, x]}}}",
		"spec.devices[0].attributes[a].strings[1]: Too long: may not be more than 64 bytes",
		`spec.devices[0].attributes[b].versions[1]: Invalid value: "x": must be a string compatible with semver.org spec 2.0.0`)
	judge(many(65, "{name: a#, attributes: {a: {ints: [1]}}}"), "spec.devices: Too many: 65: must have at most 64 items")
}

func TestSliceNodes(t *testing.T) {
	const one = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
	const oneOfDevice = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
	selector := func(terms string) string { return "nodeSelector: {nodeSelectorTerms: [" + terms + "]}" }
	const term = "{matchFields: [{key: metadata.name, operator: In, values: [n]}]}"
	perDevice := func(device string) string {
		return slice("perDeviceNodeSelection: true, devices: [{name: a" + device + "}]")
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{slice(selector(term)), nil},
		{slice(selector(term + "," + term)), []string{"spec.nodeSelector.nodeSelectorTerms: Invalid value: [{"}},
		{slice(selector("{matchFields: [{key: metadata.name, operator: Near, values: [n]}]}")), []string{"spec.nodeSelector.nodeSelectorTerms[0].matchFields[0].operator: "}},
		{slice("nodeName: A"), []string{`spec.nodeName: Invalid value: "A": a lowercase RFC 1123 subdomain`}},
		{slice("perDeviceNodeSelection: true, " + selector(term)), []string{"spec: Invalid value: \"{`nodeSelector`, `perDeviceNodeSelection`}\": " + one}},
		{perDevice(", nodeName: n"), nil},
		{perDevice(", allNodes: true"), nil},
		{perDevice(", " + selector(term)), nil},
		{perDevice(`, nodeName: ""`), []string{`spec.devices[0].nodeName: Invalid value: "": must not be empty`, "spec.devices[0]: Required value: " + oneOfDevice}},
		{perDevice(", nodeName: n, allNodes: true"), []string{"spec.devices[0]: Invalid value: \"{`nodeName`, `allNodes`}\": " + oneOfDevice}},
		{perDevice(", allNodes: false"), []string{"spec.devices[0].allNodes: Invalid value: false: must be either unset or set to true", "spec.devices[0]: Required value: "}},
	} {
		apitest.Refused(t, ResourceSlice, c.text, c.want...)
	}
	for _, pool := range []struct {
		fields string
		want   []string
	}{
		{"name: a.b/c, resourceSliceCount: 1", nil},
		{"name: a/b c, resourceSliceCount: 1, generation: -1", []string{
			`spec.pool.name: Invalid value: "b c": a lowercase RFC 1123 subdomain`, "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero"}},
		{"name: " + strings.Repeat("x/", 126) + "xx, resourceSliceCount: 1", []string{"spec.pool.name: Too long: may not be more than 253 bytes"}},
	} {
		text := strings.Replace(slice("allNodes: true"), "name: p, resourceSliceCount: 1", pool.fields, 1)
		apitest.Refused(t, ResourceSlice, text, pool.want...)
	}
	apitest.Refused(t, ResourceSlice, strings.Replace(slice("allNodes: true"), "driver: d", "driver: "+strings.Repeat("d", 64), 1), "spec.driver: Too long: may not be more than 63 bytes")
	apitest.Updated(t, ResourceSlice, slice("allNodes: true"), strings.Replace(slice("allNodes: true"), "name: p", "name: q", 1),
		`spec.pool.name: Invalid value: "q": field is immutable`)
}

// Alternatives are judged as requests are.
func TestAlternatives(t *testing.T) {
	const at = "spec.devices.requests[0].firstAvailable[0]."
	alternative := func(fields string) string {
		return claim("requests: [{name: gpu, firstAvailable: [{name: s, deviceClassName: a, " + fields + "}]}]")
	}
	for fields, want := range map[string][]string{
		"count: 2": nil,
		"allocationMode: All, count: 1, selectors: [{}], tolerations: [{value: a b}]": {at + "selectors[0].cel: Required value",
			at + "count: Invalid value: 1: must not be specified when allocationMode is 'All'", at + `tolerations[0].value: Invalid value: "a b": a valid label must`},
	} {
		apitest.Refused(t, ResourceClaim, alternative(fields), want...)
	}
	apitest.Refused(t, ResourceClaim, claim("requests: [{name: gpu, firstAvailable: [{name: S, deviceClassName: a}]}]"), at+`name: Invalid value: "S": a lowercase RFC 1123 label`)
	sub := "requests: [{name: gpu, firstAvailable: [{name: s, deviceClassName: a}]}]"
	apitest.Refused(t, ResourceClaim, claim(sub+", config: [{requests: [gpu, gpu/s], opaque: {driver: d, parameters: {}}}]"))
	apitest.Refused(t, ResourceClaim, claim(sub+", config: [{requests: [gpu/s/x], opaque: {driver: d, parameters: {}}}]"), `spec.devices.config[0].requests[0]: Invalid value: "gpu/s/x": must be the name`)
	apitest.Refused(t, ResourceClaim, claim(sub+`, config: [{requests: ["gpu/S"], opaque: {driver: d, parameters: {}}}]`),
		`spec.devices.config[0].requests[0]: Invalid value: "S": a lowercase RFC 1123 label`, `spec.devices.config[0].requests[0]: Invalid value: "gpu/S": must be the name`)
}

func TestParameters(t *testing.T) {
	const at = "spec.config[0].opaque.parameters: "
	class := func(parameters string) string {
		return "{metadata: {name: c}, spec: {config: [{opaque: {driver: d" + parameters + "}}]}}"
	}
	for parameters, want := range map[string][]string{
		", parameters: {}": nil,
		"":                 {at + "Required value"},
		", parameters: x":  {at + `Invalid value: "<value omitted>": must be a valid JSON object`},
		`, parameters: {a: "` + strings.Repeat("x", 10240-8) + `"}`: nil,
		`, parameters: {a: "` + strings.Repeat("x", 10240-7) + `"}`: {at + "Too long: may not be more than 10240 bytes"},
	} {
		apitest.Refused(t, DeviceClass, class(parameters), want...)
	}
	long := class(`, parameters: {a: "` + strings.Repeat("x", 10240) + `"}`)
	apitest.Updated(t, DeviceClass, long, long)
	apitest.Updated(t, DeviceClass, class(", parameters: {}"), long, at+"Too long: may not be more than 10240 bytes")
	const lax, strict = "{metadata: {name: c}, spec: {selectors: [{}]}}", "{metadata: {name: c}, spec: {}}"
	apitest.Updated(t, DeviceClass, lax, lax)
	apitest.Updated(t, DeviceClass, strict, lax, "spec.selectors[0].cel: Required value")
}

func TestDriversAreLowerCase(t *testing.T) {
	const want = `[spec.driver: driver names should be lowercase; "D" contains uppercase characters]`
	upper := apitest.Parse(t, ResourceSlice, strings.Replace(slice("allNodes: true"), "driver: d", "driver: D", 1))
	if got := fmt.Sprint(ResourceSlice.Warnings(upper)); got != want {
		t.Error(got)
	}
	if got := ResourceSlice.Warnings(apitest.Parse(t, ResourceSlice, slice("allNodes: true"))); got != nil {
		t.Error(got)
	}
}
