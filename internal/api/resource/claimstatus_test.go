package resource

import (
	"fmt"
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

func TestAllocations(t *testing.T) {
	const at = "status.allocation."
	result := func(fields string) string {
		return withStatus("allocation: {devices: {results: [{request: gpu, driver: d, pool: p, device: one" + fields + "}]}}")
	}
	for _, c := range []struct {
		now  string
		want []string
	}{
		{result(", tolerations: [{operator: Exists, value: v}]"), []string{at + "devices.results[0].tolerations[0].value: Invalid value: \"v\": must be empty for operator `Exists`"}},
		{withStatus("allocation: {nodeSelector: {nodeSelectorTerms: []}}"), []string{at + "nodeSelector.nodeSelectorTerms: Required value"}},
		{withStatus("allocation: {devices: {config: [{source: FromClaim, requests: [cpu], opaque: {driver: d}}]}}"), []string{
			at + `devices.config[0].requests[0]: Invalid value: "cpu": must be the name`, at + "devices.config[0].opaque.parameters: Required value"}},
	} {
		apitest.PartUpdated(t, ResourceClaim, "status", withStatus(""), c.now, c.want...)
	}
}

const shared = "allocation: {devices: {results: [{request: gpu, driver: d, pool: p, device: one, shareID: 11111111-1111-1111-1111-111111111111}]}}"

func TestStatusOfDevices(t *testing.T) {
	const at = "status.devices[0]"
	const ready = `{type: T#, status: "True", reason: R, lastTransitionTime: "2000-01-01T00:00:00Z"}`
	for _, c := range []struct {
		allocation, device string
		want               []string
	}{
		{given, "driver: d, pool: p, device: one, data: {}, networkData: {ips: [10.0.0.1/8]}", nil},
		{shared, "driver: d, pool: p, device: one, shareID: 11111111-1111-1111-1111-111111111111", nil},
		{shared, "driver: d, pool: p, device: one", []string{at + `: Invalid value: {"Driver":"d","Pool":"p","Device":"one","ShareID":""}: must be an allocated device in the claim`}},
		{given, "driver: d, pool: a b, device: One", []string{at + `.pool: Invalid value: "a b": `, at + `.device: Invalid value: "One": `, at + ": Invalid value: {"}},
		{given, "driver: d, pool: p, device: one, conditions: [" + many(8, ready) + "]", nil},
		{given, "driver: d, pool: p, device: one, conditions: [" + many(9, strings.Replace(ready, "R,", `"-",`, 1)) + "]",
			append([]string{at + ".conditions: Too many: 9: must have at most 8 items"}, repeated(at+".conditions[#].reason: Invalid value", 9)...)},
		{given, `driver: d, pool: p, device: one, data: {a: "` + strings.Repeat("x", 10240) + `"}`, []string{at + ".data: Too long: may not be more than 10240 bytes"}},
	} {
		apitest.PartUpdated(t, ResourceClaim, "status", withStatus(c.allocation), withStatus(c.allocation+", devices: [{"+c.device+"}]"), c.want...)
	}
}

func repeated(text string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, strings.ReplaceAll(text, "#", fmt.Sprint(i)))
	}
	return all
}
