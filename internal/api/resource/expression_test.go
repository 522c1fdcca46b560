package resource

import (
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

func TestExpressions(t *testing.T) {
	const costly = `device.attributes["d"].all(a, device.attributes["d"].all(b, device.attributes["d"].all(c, device.attributes["d"].all(e, a + b + c == e))))`
	for text, want := range map[string]string{
		`device.driver == "d" && device.attributes["d"].model == "a" && device.attributes["d"].?count.orValue(3) > 2`:   "",
		`device.capacity["d"].memory.compareTo(quantity("1Gi")) >= 0 && device.allowMultipleAllocations`:                "",
		`cel.bind(d, device.attributes["d"], d.a && d.b) && device.attributes["d"].version.isLessThan(semver("1.0.0"))`: "",
		"":                             `Invalid value: "": compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {`,
		"device.driver ==":             `Invalid value: "device.driver ==": compilation failed: ERROR: <input>:1:17: Syntax error`,
		"device.name == 'a'":           "Invalid value: \"device.name == 'a'\": compilation failed: ERROR: <input>:1:7: undefined field 'name'\n | device.name == 'a'\n | ......^",
		"device.driver":                `Invalid value: "device.driver": must evaluate to bool or the unknown type, not string`,
		`device.attributes["d"].count`: "",
		"device.driver.includes('a')":  `Invalid value: "device.driver.includes('a')": compilation failed: ERROR: <input>:1:23: undeclared reference to 'includes'`,
		costly:                         "Forbidden: too complex, exceeds cost limit",
		strings.Repeat(" ", 10<<10+1):  "Too long: may not be more than 10240 bytes",
	} {
		selectors := "selectors: [{cel: {expression: '" + strings.ReplaceAll(text, "'", "''") + "'}}]"
		for path, object := range map[string]string{
			"spec.devices.requests[0].exactly.":           "{metadata: {name: c, namespace: ns}, spec: {devices: {requests: [{name: r, exactly: {deviceClassName: k, " + selectors + "}}]}}}",
			"spec.devices.requests[0].firstAvailable[0].": "{metadata: {name: c, namespace: ns}, spec: {devices: {requests: [{name: r, firstAvailable: [{name: s, deviceClassName: k, " + selectors + "}]}]}}}",
		} {
			apitest.Refused(t, ResourceClaim, object, at(path, want)...)
			apitest.Refused(t, ResourceClaimTemplate, strings.Replace(object, "spec: {", "spec: {spec: {", 1)+"}", at("spec."+path, want)...)
		}
		apitest.Refused(t, DeviceClass, "{metadata: {name: k}, spec: {"+selectors+"}}", at("spec.", want)...)
	}
}

func at(path, want string) []string {
	if want == "" {
		return nil
	}
	return []string{path + "selectors[0].cel.expression: " + want}
}

// Selectors that stay are not judged again; one that changes is new.
func TestStoredExpression(t *testing.T) {
	class := func(text string) string {
		return "{metadata: {name: k, labels: {a: b}}, spec: {selectors: [{cel: {expression: " + text + "}}]}}"
	}
	apitest.Updated(t, DeviceClass, class("nonsense"), class("nonsense"))
	apitest.Updated(t, DeviceClass, class("nonsense"), class("humbug"), `spec.selectors[0].cel.expression: Invalid value: "humbug": compilation failed`)
}
