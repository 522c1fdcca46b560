package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestEndpointsRules(t *testing.T) {
	for name, tt := range map[string]struct {
		subsets string
		want    []string
	}{
		"good":       {`{addresses: [{ip: 10.0.0.1, hostname: h, nodeName: n1}], ports: [{port: 80, appProtocol: kubernetes.io/h2c}]}, {notReadyAddresses: [{ip: "fd00:0::1"}]}`, nil},
		"none":       {`{}`, []string{"subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"}},
		"no address": {`{addresses: [{ip: x}]}`, []string{`subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`, `subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address`}},
		"addresses": {`{addresses: [{ip: 127.0.0.1, hostname: A, nodeName: B}], notReadyAddresses: [{ip: 10.0.0.01}]}`, []string{
			`subsets[0].addresses[0].hostname: Invalid value: "A": a lowercase RFC 1123 label`, `subsets[0].addresses[0].nodeName: Invalid value: "B": a lowercase RFC 1123 subdomain`,
			`subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
			`subsets[0].notReadyAddresses[0].ip: Invalid value: "10.0.0.01": must not have leading 0s`}},
		"ports": {`{addresses: [{ip: 10.0.0.1}], ports: [{port: 0}, {name: A, port: 1, protocol: ICMP, appProtocol: a b}]}`, []string{
			"subsets[0].ports[0].name: Required value", "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
			`subsets[0].ports[1].name: Invalid value: "A": a lowercase RFC 1123 label`,
			`subsets[0].ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`, `subsets[0].ports[1].appProtocol: Invalid value: "a b": name part must consist of`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, Endpoints, `{metadata: {name: e, namespace: ns}, subsets: [`+tt.subsets+`]}`, tt.want...)
		})
	}
	o := apitest.Parse(t, Endpoints, `{metadata: {name: e, namespace: ns}, subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 1}]}]}`)
	apitest.Errors(t, Endpoints.Validate(o), "subsets[0].ports[0].protocol: Required value")
}

func TestEndpointsUpdate(t *testing.T) {
	const stale = `{metadata: {name: e, namespace: ns}, subsets: [{addresses: [{ip: 10.0.0.01}]}]}`
	apitest.Updated(t, Endpoints, stale, `{metadata: {name: e, namespace: ns, labels: {a: b}}, subsets: [{addresses: [{ip: 10.0.0.01}]}]}`)
	apitest.Updated(t, Endpoints, stale, `{metadata: {name: e, namespace: ns}, subsets: [{addresses: [{ip: 10.0.0.01}], ports: [{port: 1}]}]}`,
		`subsets[0].addresses[0].ip: Invalid value: "10.0.0.01": must not have leading 0s`)
}

func TestEndpointsWarnings(t *testing.T) {
	const spelled = `subsets: [{addresses: [{ip: "fd00:0::1"}], notReadyAddresses: [{ip: "fd00:0::2"}]}]`
	warned(t, Endpoints.Warnings(apitest.Parse(t, Endpoints, `{`+spelled+`}`)),
		`subsets[0].addresses[0].ip: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")`,
		`subsets[0].notReadyAddresses[0].ip: IPv6 address "fd00:0::2" should be in RFC 5952 canonical format ("fd00::2")`)
	warned(t, Endpoints.Warnings(apitest.Parse(t, Endpoints, `{metadata: {labels: {endpoints.kubernetes.io/managed-by: endpoint-controller}}, `+spelled+`}`)))
}

func TestEndpointsRow(t *testing.T) {
	for subsets, want := range map[string]string{
		``: "e | <none> | <unknown>",
		`{addresses: [{ip: 10.0.0.1}, {ip: 10.0.0.2}], ports: [{port: 80}, {port: 443}]}`: "e | 10.0.0.1:80,10.0.0.2:80,10.0.0.1:443 + 1 more... | <unknown>",
		`{notReadyAddresses: [{ip: 10.0.0.1}], ports: [{port: 80}]}`:                      "e |  | <unknown>",
		`{addresses: [{ip: "fd00::1"}]}`:                                                  "e | fd00::1 | <unknown>",
	} {
		apitest.Row(t, Endpoints, `{metadata: {name: e}, subsets: [`+subsets+`]}`, want)
	}
}
