package networking

import (
	"testing"

	"skiff/internal/api/apitest"
)

func policyOf(spec string) string {
	return "{metadata: {name: p, namespace: ns}, spec: {podSelector: {}, " + spec + "}}"
}

func TestPolicyDefaults(t *testing.T) {
	for spec, want := range map[string]string{
		"":                               "policyTypes: [Ingress]",
		"egress: [{}]":                   "policyTypes: [Ingress, Egress], egress: [{}]",
		"egress: [{}], policyTypes: [X]": "policyTypes: [X], egress: [{}]",
		"ingress: [{ports: [{port: 1}, {protocol: SCTP}]}]": "policyTypes: [Ingress], ingress: [{ports: [{port: 1, protocol: TCP}, {protocol: SCTP}]}]",
	} {
		apitest.Same(t, apitest.Created(t, NetworkPolicy, policyOf(spec)), policyOf(want))
	}
}

func TestPolicyRules(t *testing.T) {
	for _, c := range []struct {
		spec string
		want []string
	}{
		{"ingress: [{from: [{podSelector: {}, namespaceSelector: {}}], ports: [{port: http}, {port: 1, endPort: 65535}]}]", nil},
		{"egress: [{ports: [{port: Http, endPort: 5}, {port: 0, endPort: 5}]}]", []string{
			"spec.egress[0].ports[0].endPort: Invalid value: 5: may not be specified when `port` is non-numeric",
			`spec.egress[0].ports[0].port: Invalid value: "Http": must contain only`,
			"spec.egress[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive"}},
		{"ingress: [{ports: [{port: 1, endPort: 65536}, {port: Http}, {protocol: \"\"}]}]", []string{
			"spec.ingress[0].ports[0].endPort: Invalid value: 65536: must be between 1 and 65535, inclusive",
			`spec.ingress[0].ports[1].port: Invalid value: "Http": must contain only alpha-numeric characters`,
			`spec.ingress[0].ports[2].protocol: Unsupported value: "": supported values: "TCP", "UDP", "SCTP"`}},
		{"egress: [{to: [{namespaceSelector: {matchLabels: {a b: c}}}, {namespaceSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]", []string{
			`spec.egress[0].to[0].namespaceSelector.matchLabels: Invalid value: "a b": `,
			"spec.egress[0].to[1]: Forbidden: may not specify both ipBlock and another peer"}},
		{"policyTypes: [Any], ingress: [{from: [{ipBlock: {except: [x]}}]}], egress: [{to: [{ipBlock: {cidr: \"\"}}]}]", []string{
			`spec.policyTypes[0]: Unsupported value: "Any"`,
			"spec.ingress[0].from[0].ipBlock.cidr: Required value", "spec.egress[0].to[0].ipBlock.cidr: Required value"}},
		{"ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8, except: [10.1.0.0/08]}}, {ipBlock: {cidr: \"::ffff:10.0.0.0/104\"}}, {ipBlock: {cidr: x, except: [y]}}]}]", []string{
			`spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length`,
			`spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.1.0.0/08": must not have leading 0s in IP or prefix length`,
			`spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.1.0.0/08": must be a strict subset of`,
			`spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "::ffff:10.0.0.0/104": must not have an IPv4-mapped IPv6 address`,
			`spec.ingress[0].from[2].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value`}},
	} {
		apitest.Refused(t, NetworkPolicy, policyOf(c.spec), c.want...)
	}
	apitest.Refused(t, NetworkPolicy, "{metadata: {name: p, namespace: ns}, spec: {podSelector: {matchExpressions: [{key: a, operator: Near}]}}}",
		`spec.podSelector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator`)
}

// What was stored before there was a rule against it may stay, and no more.
func TestPolicyUpdate(t *testing.T) {
	from := func(cidr string) string { return policyOf("ingress: [{from: [{ipBlock: {cidr: " + cidr + "}}]}]") }
	apitest.Updated(t, NetworkPolicy, from("10.0.0.1/8"), from("10.0.0.1/8"))
	apitest.Updated(t, NetworkPolicy, from("10.0.0.1/8"), from("10.0.0.2/8"), `spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.2/8": must not have bits`)
	apitest.Updated(t, NetworkPolicy, policyOf("egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.1.1/16]}}]}]"), from("10.1.1.1/16"))
	selects := func(value string) string {
		return "{metadata: {name: p, namespace: ns}, spec: {podSelector: {matchExpressions: [{key: a, operator: In, values: [" + value + "]}]}}}"
	}
	apitest.Updated(t, NetworkPolicy, selects("a b"), selects("c d"))
	apitest.Updated(t, NetworkPolicy, selects("ab"), selects("c d"), `spec.podSelector.matchExpressions[0].values[0]: Invalid value: "c d": `)
}

func TestPolicyWarnings(t *testing.T) {
	warned(t, NetworkPolicy, policyOf("ingress: [{from: [{ipBlock: {cidr: \"FD00::/8\", except: [\"fd01:0::/16\"]}}]}], egress: [{to: [{ipBlock: {cidr: x}}, {ipBlock: {cidr: 10.0.0.1/8}}, {podSelector: {}}]}]"),
		`spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")`,
		`spec.ingress[0].from[0].ipBlock.except[0]: IPv6 CIDR value "fd01:0::/16" should be in RFC 5952 canonical format ("fd01::/16")`,
		`spec.egress[0].to[1].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)`)
}
