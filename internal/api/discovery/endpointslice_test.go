package discovery

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestEndpointSlice(t *testing.T) {
	apitest.Same(t, apitest.Created(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4, endpoints: [], ports: [{port: 80}]}`),
		`{metadata: {name: s}, addressType: IPv4, endpoints: [], ports: [{name: "", port: 80, protocol: TCP}]}`)
	apitest.Refused(t, EndpointSlice, `{metadata: {name: s, namespace: ns}, addressType: Any, endpoints: [{addresses: []}, {addresses: [x]}], ports: [{port: 80}, {port: 81}]}`,
		`addressType: Unsupported value: "Any": supported values: "FQDN", "IPv4", "IPv6"`,
		"endpoints[0].addresses: Required value: must contain at least one address",
		`endpoints[1].addresses[0]: Invalid value: "x": must be a valid IP address`,
		`ports[1].name: Duplicate value: ""`)
	apitest.Updated(t, EndpointSlice, `{metadata: {name: s, namespace: ns}, addressType: IPv4}`, `{metadata: {name: s, namespace: ns}, addressType: IPv6}`,
		`addressType: Invalid value: "IPv6": field is immutable`)
	apitest.Row(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4}`, "s | IPv4 | <unset> | <unset> | <unknown>")
	apitest.Row(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4, ports: [{port: 80}], endpoints: [{addresses: [a]}, {addresses: [b]}, {addresses: [c]}, {addresses: [d]}, {addresses: [e]}]}`,
		"s | IPv4 | 80 | a,b,c + 2 more... | <unknown>")
}
