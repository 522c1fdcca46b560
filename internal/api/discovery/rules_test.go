package discovery

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

const named = `metadata: {name: s, namespace: ns}, `

func TestSliceRules(t *testing.T) {
	for name, tt := range map[string]struct {
		rest string
		want []string
	}{
		"good":         {`addressType: IPv4, endpoints: [{addresses: [10.0.0.1]}], ports: [{port: 80}]`, nil},
		"good, of six": {`addressType: IPv6, endpoints: [{addresses: ["fd00:0::1"], nodeName: a, hostname: h, hints: {forZones: [{name: z}], forNodes: [{name: n1}]}}]`, nil},
		"no type":      {`endpoints: [{addresses: [x]}]`, []string{"addressType: Required value"}},
		"odd type": {`addressType: Any, endpoints: [{addresses: []}, {addresses: [x]}], ports: [{port: 80}, {port: 81}]`, []string{
			`addressType: Unsupported value: "Any": supported values: "FQDN", "IPv4", "IPv6"`,
			"endpoints[0].addresses: Required value: must contain at least 1 address", `ports[1].name: Duplicate value: ""`}},
		"addresses": {`addressType: IPv4, endpoints: [{addresses: [x, 010.0.0.1, "fd00::1", 127.0.0.1, 0.0.0.0]}]`, []string{
			`endpoints[0].addresses[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
			`endpoints[0].addresses[1]: Invalid value: "010.0.0.1": must not have leading 0s`,
			`endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address`,
			`endpoints[0].addresses[3]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
			`endpoints[0].addresses[4]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)`}},
		"addresses of six": {`addressType: IPv6, endpoints: [{addresses: [10.0.0.1, "::"]}]`, []string{
			`endpoints[0].addresses: Invalid value: "10.0.0.1": must be an IPv6 address`,
			`endpoints[0].addresses[1]: Invalid value: "::": may not be unspecified (::)`}},
		"names": {`addressType: FQDN, endpoints: [{addresses: [a.b, A, c]}]`, []string{
			`endpoints[0].addresses[1]: Invalid value: "A": a lowercase RFC 1123`, `endpoints[0].addresses[2]: Invalid value: "c": should be a domain with at least two segments separated by dots`}},
		"where": {`addressType: IPv4, endpoints: [{addresses: [10.0.0.1], nodeName: "", hostname: A, hints: {forZones: [{name: a}, {name: a}, {name: a b}], forNodes: [{name: A}, {name: n1}, {name: n1}]}}]`, []string{
			`endpoints[0].nodeName: Invalid value: "": `, `endpoints[0].hostname: Invalid value: "A": `,
			`endpoints[0].hints.forZones[1].name: Duplicate value: "a"`, `endpoints[0].hints.forZones[2].name: Invalid value: "a b": `,
			`endpoints[0].hints.forNodes[0].name: Invalid value: "A": `, `endpoints[0].hints.forNodes[2].name: Duplicate value: "n1"`}},
		"ports": {`addressType: IPv4, endpoints: [], ports: [{name: A, protocol: ICMP, appProtocol: "a b"}]`, []string{
			`ports[0].name: Invalid value: "A": `, `ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`, `ports[0].appProtocol: Invalid value: "a b": `}},
		"many addresses": {`addressType: IPv4, endpoints: [{addresses: [` + times(101, "10.0.0.1") + `]}]`, []string{"endpoints[0].addresses: Too many: 101: must have at most 100 items"}},
		"many endpoints": {`addressType: IPv4, endpoints: [` + times(1001, "{addresses: []}") + `]`, []string{"endpoints: Too many: 1001: must have at most 1000 items"}},
		"many zones":     {`addressType: IPv4, endpoints: [{addresses: [10.0.0.1], hints: {forZones: [` + times(9, "{name: z}") + `]}}]`, []string{"endpoints[0].hints.forZones: Too many: 9: must have at most 8 items"}},
		"many nodes":     {`addressType: IPv4, endpoints: [{addresses: [10.0.0.1], hints: {forNodes: [` + times(9, "{name: z}") + `]}}]`, []string{"endpoints[0].hints.forNodes: Too many: 9: must have at most 8 items"}},
		"many ports":     {`addressType: IPv4, endpoints: [], ports: [` + times(20001, "{}") + `]`, []string{"ports: Too many: 20001: must have at most 20000 items"}},
	} {
		t.Run(name, func(t *testing.T) { apitest.Refused(t, EndpointSlice, "{"+named+tt.rest+"}", tt.want...) })
	}
	o := apitest.Parse(t, EndpointSlice, `{`+named+`addressType: IPv4, endpoints: [{addresses: [10.0.0.1], deprecatedTopology: {"a b": c`+topology(16)+`}}], ports: [{}]}`)
	apitest.Errors(t, EndpointSlice.Validate(o), "endpoints[0].deprecatedTopology: Too many: 17: must have at most 16 items",
		`endpoints[0].deprecatedTopology: Invalid value: "a b": `, "ports[0].protocol: Required value")
}

func times(n int, text string) string { return strings.Join(slices.Repeat([]string{text}, n), ", ") }

func topology(n int) (text string) {
	for i := range n {
		text += fmt.Sprintf(", k%d: v", i)
	}
	return text
}

func TestSliceUpdate(t *testing.T) {
	slice := func(rest string) string { return `{` + named + rest + `}` }
	apitest.Updated(t, EndpointSlice, slice(`addressType: IPv4`), slice(`addressType: IPv6`), `addressType: Invalid value: "IPv6": field is immutable`)
	const stale = `addressType: IPv4, endpoints: [{addresses: [10.0.0.01]}]`
	apitest.Updated(t, EndpointSlice, slice(stale), slice(stale+`, ports: [{port: 80}]`))
	apitest.Updated(t, EndpointSlice, slice(stale), slice(`addressType: IPv4, endpoints: [{addresses: [10.0.0.01], hostname: h}]`),
		`endpoints[0].addresses[0]: Invalid value: "10.0.0.01": must not have leading 0s`)
	apitest.Updated(t, EndpointSlice, slice(stale), slice(stale+`, ports: [{name: A}]`), `ports[0].name: Invalid value: "A": `)
}

// Topology was written by an older version. This one keeps what it said of
// nodes, and writes none.
func TestTopologyGoes(t *testing.T) {
	const one, other = `endpoints: [{addresses: [10.0.0.1], deprecatedTopology: {kubernetes.io/hostname: n1}}]`,
		`endpoints: [{addresses: [10.0.0.2], deprecatedTopology: {kubernetes.io/hostname: n1}}, {addresses: [10.0.0.3], deprecatedTopology: {kubernetes.io/hostname: m}}]`
	apitest.Same(t, apitest.Created(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4, ports: [], `+one+`}`), `{metadata: {name: s}, addressType: IPv4, endpoints: [{addresses: [10.0.0.1], conditions: {}}], ports: []}`)
	for now, want := range map[string]string{
		one:   `[{addresses: [10.0.0.1], conditions: {}, deprecatedTopology: {kubernetes.io/hostname: n1}}]`,
		other: `[{addresses: [10.0.0.2], conditions: {}, nodeName: n1}, {addresses: [10.0.0.3], conditions: {}}]`,
	} {
		o := apitest.Parse(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4, ports: [], `+now+`}`)
		EndpointSlice.PrepareUpdate(o, apitest.Parse(t, EndpointSlice, `{metadata: {name: s}, addressType: IPv4, `+one+`}`))
		apitest.Same(t, o, `{metadata: {name: s}, addressType: IPv4, ports: [], endpoints: `+want+`}`)
	}
}

func TestSliceWarnings(t *testing.T) {
	const spelled = `addressType: IPv6, endpoints: [{addresses: [x, "fd00:0::1"]}]`
	for text, want := range map[string][]string{
		`addressType: FQDN, endpoints: [{addresses: [a.b]}]`: {"spec.addressType: FQDN endpoints are deprecated"},
		spelled: {`endpoints[0].addresses[1]: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")`},
		`metadata: {labels: {endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}}, ` + spelled:          nil,
		`metadata: {labels: {endpointslice.kubernetes.io/managed-by: endpointslicemirroring-controller.k8s.io}}, ` + spelled: nil,
	} {
		if got := EndpointSlice.Warnings(apitest.Parse(t, EndpointSlice, `{`+text+`}`)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	o := apitest.Parse(t, EndpointSlice, `{addressType: FQDN, endpoints: [{addresses: ["fd00:0::1"]}]}`)
	if got := EndpointSlice.UpdateWarnings(o, o); len(got) != 1 || !strings.HasPrefix(got[0], "endpoints[0].addresses[0]: ") {
		t.Errorf("on update: %q", got)
	}
}
