package resource

import (
	"strings"
	"testing"

	resourcev1 "k8s.io/api/resource/v1"

	"skiff/internal/api/apitest"
)

func claim(devices string) string {
	return "{metadata: {name: c, namespace: ns}, spec: {devices: {" + devices + "}}}"
}

const asked = "requests: [{name: gpu, exactly: {deviceClassName: fast}}]"

func TestClaimDefaults(t *testing.T) {
	got := apitest.Created(t, ResourceClaim, `{metadata: {name: c}, status: {reservedFor: [{resource: pods, name: p, uid: u}]}, spec: {devices: {requests: [
	  {name: a, exactly: {deviceClassName: fast, tolerations: [{key: k}], derivedAttributes: [{name: a/b, expression: x}]}},
	  {name: b, firstAvailable: [{name: s, deviceClassName: fast, allocationMode: All}]}]}}}`)
	apitest.Same(t, got, `{metadata: {name: c}, status: {}, spec: {devices: {requests: [
	  {name: a, exactly: {deviceClassName: fast, allocationMode: ExactCount, count: 1, tolerations: [{key: k, operator: Equal}]}},
	  {name: b, firstAvailable: [{name: s, deviceClassName: fast, allocationMode: All}]}]}}}`)
}

func TestClaimRefused(t *testing.T) {
	for _, c := range []struct {
		devices string
		want    []string
	}{
		{asked, nil},
		{"requests: [{name: Gpu, exactly: {deviceClassName: fast}}]", []string{
			`spec.devices.requests[0].name: Invalid value: "Gpu": a lowercase RFC 1123 label must consist of`}},
		{"requests: [{name: gpu}]", []string{
			"spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"}},
		{"requests: [{name: gpu, exactly: {deviceClassName: a}, firstAvailable: [{name: s, deviceClassName: a}]}]", []string{
			"spec.devices.requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"}},
		{"requests: [{name: gpu, exactly: {}}]", []string{
			"spec.devices.requests[0].exactly.deviceClassName: Required value"}},
		{"requests: [{name: gpu, exactly: {deviceClassName: a, allocationMode: Some}}]", []string{
			`spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`}},
		{"requests: [{name: gpu, exactly: {deviceClassName: a, allocationMode: All, count: 2}}]", []string{
			"spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"}},
		{"requests: [{name: gpu, exactly: {deviceClassName: a, count: -1}}]", []string{
			"spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero"}},
		{"requests: [{name: gpu, exactly: {deviceClassName: a, selectors: [{}, {cel: {expression: " + strings.Repeat("x", 10241) + "}}]}}]", []string{
			"spec.devices.requests[0].exactly.selectors[0].cel: Required value",
			"spec.devices.requests[0].exactly.selectors[1].cel.expression: Too long: may not be more than 10240 bytes"}},
		{"requests: [{name: gpu, exactly: {deviceClassName: a, tolerations: [{operator: Exists, value: v}, {operator: Near}, {effect: Never}]}}]", []string{
			"spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: \"v\": must be empty for operator `Exists`",
			`spec.devices.requests[0].exactly.tolerations[1].operator: Unsupported value: "Near": supported values: "Equal", "Exists"`,
			`spec.devices.requests[0].exactly.tolerations[2].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"`}},
		{"requests: [{name: gpu, firstAvailable: [{name: s}, {name: s, deviceClassName: a}]}]", []string{
			`spec.devices.requests[0].firstAvailable[1]: Duplicate value`,
			"spec.devices.requests[0].firstAvailable[0].deviceClassName: Required value"}},
		{"requests: [{name: gpu, exactly: {deviceClassName: a}}, {name: gpu, exactly: {deviceClassName: a}}]", []string{
			"spec.devices.requests[1]: Duplicate value"}},
		{asked + ", constraints: [{requests: [cpu, gpu/x, a/b/c]}]", []string{
			`spec.devices.constraints[0].requests[0]: Invalid value: "cpu": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'`,
			`spec.devices.constraints[0].requests[1]: Invalid value: "gpu/x": must be the name`,
			`spec.devices.constraints[0].requests[2]: Invalid value: "a/b/c": must be the name`,
			"spec.devices.constraints[0]: Required value: exactly one of"}},
		{asked + ", constraints: [{matchAttribute: model}]", []string{
			`spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash`}},
		{asked + `, config: [{}, {opaque: {driver: "d_", parameters: [1]}}, {opaque: {driver: d, parameters: {a: 1}}}]`, []string{
			"spec.devices.config[0].opaque: Required value",
			`spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object`,
			`spec.devices.config[1].opaque.driver: Invalid value: "d_": `}},
		{"requests: [" + strings.Repeat("{name: x},", 33) + "]", []string{"spec.devices.requests: Too many: 33: must have at most 32 items"}},
	} {
		t.Run(c.devices[:min(40, len(c.devices))], func(t *testing.T) {
			apitest.Refused(t, ResourceClaim, claim(c.devices), c.want...)
			template := "{metadata: {name: c, namespace: ns}, spec: {spec: {devices: {" + c.devices + "}}}}"
			var want []string
			for _, w := range c.want {
				want = append(want, "spec."+w)
			}
			apitest.Refused(t, ResourceClaimTemplate, template, want...)
		})
	}
}

func TestClaimIsImmutable(t *testing.T) {
	apitest.Updated(t, ResourceClaim, claim(asked), claim(asked))
	apitest.Updated(t, ResourceClaim, claim(asked), claim("requests: [{name: other}]"), "spec: Invalid value: null: field is immutable")
	of := func(name string) string {
		return "{metadata: {name: c, namespace: ns}, spec: {spec: {devices: {requests: [{name: " + name + "}]}}}}"
	}
	apitest.Updated(t, ResourceClaimTemplate, of("a"), of("b"), "spec: Invalid value: {")
	apitest.Refused(t, ResourceClaimTemplate, `{metadata: {name: c, namespace: ns}, spec: {metadata: {labels: {"a b": c}}, spec: {devices: {}}}}`,
		`spec.metadata.labels: Invalid value: "a b": `)
}

func withStatus(status string) string {
	return "{metadata: {name: c, namespace: ns}, spec: {devices: {" + asked + "}}, status: {" + status + "}}"
}

const given = "allocation: {devices: {results: [{request: gpu, driver: d, pool: p, device: one}]}}"

func TestClaimStatus(t *testing.T) {
	for _, c := range []struct {
		old, status string
		want        []string
	}{
		{"", given, nil},
		{given, given + ", reservedFor: [{resource: pods, name: p, uid: u}]", nil},
		{given, "", nil},
		{"", "reservedFor: [{resource: pods, name: p, uid: u}]", []string{
			"status.reservedFor: Forbidden: may not be specified when `allocated` is not set"}},
		{given, given + ", reservedFor: [{}, {resource: pods, name: p, uid: u}, {resource: pods, name: q, uid: u}]", []string{
			"status.reservedFor[0].resource: Required value", "status.reservedFor[0].name: Required value", "status.reservedFor[0].uid: Required value",
			"status.reservedFor[2]: Duplicate value"}},
		{given, strings.Replace(given, "one", "two", 1), []string{
			"status.allocation: Invalid value: null: field cannot be modified once set"}},
		{"", "allocation: {devices: {results: [{request: cpu, driver: d, pool: p, device: One, bindingConditions: [a]}], config: [{source: Nowhere, opaque: {driver: d, parameters: {}}}]}}", []string{
			`status.allocation.devices.results[0].request: Invalid value: "cpu": must be the name`,
			`status.allocation.devices.results[0].device: Invalid value: "One": a lowercase RFC 1123 label`,
			"status.allocation.devices.results[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions",
			`status.allocation.devices.config[0].source: Unsupported value: "Nowhere": supported values: "FromClaim", "FromClass"`}},
		{given, given + `, devices: [{driver: d, pool: p, device: two, conditions: [{type: Ready, status: "True", reason: R, lastTransitionTime: "2000-01-01T00:00:00Z"}], networkData: {ips: [10.0.0.1]}, data: 7}]`, []string{
			`status.devices[0]: Invalid value: {"Driver":"d","Pool":"p","Device":"two","ShareID":""}: must be an allocated device in the claim`,
			`status.devices[0].data: Invalid value: "<value omitted>": must be a valid JSON object`,
			`status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form`}},
		{given, given + ", devices: [{driver: d, pool: p, device: one, conditions: [{}]}]", []string{
			"status.devices[0].conditions[0].type: Required value"}},
	} {
		t.Run(c.status[:min(60, len(c.status))], func(t *testing.T) {
			errs := c.want
			if len(errs) == 1 && strings.HasSuffix(errs[0], "type: Required value") {
				errs = append(errs, "status.devices[0].conditions[0].status: ", "status.devices[0].conditions[0].lastTransitionTime: Required value",
					"status.devices[0].conditions[0].reason: Required value")
			}
			apitest.PartUpdated(t, ResourceClaim, "status", withStatus(c.old), withStatus(c.status), errs...)
		})
	}
	dying := `{metadata: {name: c, namespace: ns, deletionTimestamp: "2000-01-01T00:00:00Z"}, spec: {devices: {` + asked + "}}, status: {" + given + "}}"
	apitest.PartUpdated(t, ResourceClaim, "status", dying, withStatus(given+", reservedFor: [{resource: pods, name: p, uid: u}]"),
		"status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set")
}

// What drivers said of a device goes with the device.
func TestStatusOfDevicesGivenBack(t *testing.T) {
	devices := ", devices: [{driver: d, pool: p, device: one, conditions: []}]"
	got := apitest.PartUpdated(t, ResourceClaim, "status", withStatus(given+devices), withStatus("devices: [{driver: d, pool: p, device: one, conditions: []}]"))
	if s := got.(*resourcev1.ResourceClaim).Status; s.Devices != nil {
		t.Errorf("%+v", s.Devices)
	}
}

func TestClaimRow(t *testing.T) {
	apitest.Described(t, ResourceClaim, "Name string, State string, Age string")
	apitest.Row(t, ResourceClaim, "{metadata: {name: c}}", "c | pending | <unknown>")
	apitest.Row(t, ResourceClaim, "{metadata: {name: c}, status: {"+given+", reservedFor: [{uid: u}]}}", "c | allocated,reserved | <unknown>")
	apitest.Row(t, ResourceClaim, `{metadata: {name: c, deletionTimestamp: "2000-01-01T00:00:00Z"}}`, "c | deleted | <unknown>")
	apitest.Row(t, ResourceClaimTemplate, "{metadata: {name: c}}", "c | <unknown>")
}
