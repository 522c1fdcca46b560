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
		"endpoints[0].addresses: Required value: must contain at least 1 address",
		`ports[1].name: Duplicate value: ""`)
	apitest.Refused(t, EndpointSlice, `{metadata: {name: s, namespace: ns}, addressType: IPv4, endpoints: [{addresses: [x, "fd00::1", 127.0.0.1], nodeName: "", hostname: A,
	  hints: {forZones: [{name: a}, {name: a}], forNodes: [{name: A}]}}], ports: [{name: A, protocol: ICMP, appProtocol: "a b"}]}`,
		`endpoints[0].addresses[0]: Invalid value: "x": must be a valid IP address`,
		`endpoints[0].addresses[1]: Invalid value: "fd00::1": must be a valid IPv4 address`,
		`endpoints[0].addresses[2]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
		`endpoints[0].nodeName: Invalid value: "": `, `endpoints[0].hostname: Invalid value: "A": `,
		`endpoints[0].hints.forZones[1].name: Duplicate value: "a"`, `endpoints[0].hints.forNodes[0].name: Invalid value: "A": `,
		`ports[0].name: Invalid value: "A": `, `ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
		`ports[0].appProtocol: Invalid value: "a b": `)
	apitest.Described(t, EndpointSlice, "Name string, AddressType string, Ports string, Endpoints string, Age string")
	apitest.Updated(t, EndpointSlice, `{metadata: {name: s, namespace: ns}, addressType: IPv4}`, `{metadata: {name: s, namespace: ns}, addressType: IPv6}`,
		`addressType: Invalid value: "IPv6": field is immutable`)
	apitest.Row(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4}`, "s | IPv4 | <unset> | <unset> | <unknown>")
	apitest.Row(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4, ports: [{port: 80}], endpoints: [{addresses: [a]}, {addresses: [b]}, {addresses: [c]}, {addresses: [d]}, {addresses: [e]}]}`,
		"s | IPv4 | 80 | a,b,c + 2 more... | <unknown>")
}
