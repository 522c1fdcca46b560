package networking

import (
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"skiff/internal/api/apitest"
)

func ingress(spec string) string { return "{metadata: {name: i, namespace: ns}, spec: {" + spec + "}}" }

func paths(items string) string { return ingress("rules: [{http: {paths: [" + items + "]}}]") }

const toPort = "backend: {service: {name: s, port: {number: 80}}}"

func TestIngress(t *testing.T) {
	const path = "spec.rules[0].http.paths[0]."
	for _, c := range []struct {
		text string
		want []string
	}{
		{ingress(""), []string{"spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"}},
		{paths(""), []string{"spec.rules[0].http.paths: Required value"}},
		{paths("{" + toPort + "}"), []string{path + "pathType: Required value: pathType must be specified"}},
		{paths("{pathType: Any, " + toPort + "}"), []string{path + `pathType: Unsupported value: "Any": supported values: "Exact", "ImplementationSpecific", "Prefix"`}},
		{paths("{pathType: ImplementationSpecific, " + toPort + "}"), nil},
		{paths("{pathType: Prefix, path: a//b/.., " + toPort + "}"), []string{
			path + `path: Invalid value: "a//b/..": must be an absolute path`,
			path + `path: Invalid value: "a//b/..": must not contain '//'`,
			path + `path: Invalid value: "a//b/..": cannot end with '/..'`}},
		{paths("{pathType: Exact, path: /, backend: {}}"), []string{path + `backend: Invalid value: "": resource or service backend is required`}},
		{paths("{pathType: Exact, path: /, backend: {service: {name: s}}}"), []string{path + "backend: Required value: port name or number is required"}},
		{paths("{pathType: Exact, path: /, backend: {service: {name: s, port: {name: a, number: 1}}}}"), []string{
			path + `backend: Invalid value: "": cannot set both port name & port number`}},
		{paths("{pathType: Exact, path: /, backend: {service: {port: {number: 70000}}}}"), []string{
			path + "backend.service.name: Required value",
			path + "backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"}},
		{paths("{pathType: Exact, path: /, backend: {resource: {apiGroup: A, kind: a/b}}}"), []string{
			path + `backend.resource.apiGroup: Invalid value: "A": `, path + `backend.resource.kind: Invalid value: "a/b": may not contain '/'`,
			path + "backend.resource.name: Required value"}},
		{ingress("rules: [{host: 1.2.3.4}, {host: a.*}], tls: [{hosts: [A], secretName: B}], ingressClassName: \"\""), []string{
			`spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address`,
			`spec.rules[1].host: Invalid value: "a.*": a wildcard DNS-1123 subdomain must start with '*.'`,
			`spec.tls[0].hosts[0]: Invalid value: "A": `, `spec.tls[0].secretName: Invalid value: "B": `,
			`spec.ingressClassName: Invalid value: "": `}},
		{`{metadata: {name: i, namespace: ns, annotations: {kubernetes.io/ingress.class: a}}, spec: {rules: [{}], ingressClassName: b}}`, []string{
			"annotations.kubernetes.io/ingress.class: Invalid value: \"a\": must match `ingressClassName` when both are specified"}},
	} {
		t.Run(c.text[:min(80, len(c.text))], func(t *testing.T) { apitest.Refused(t, Ingress, c.text, c.want...) })
	}
	apitest.PartUpdated(t, Ingress, "status", ingress(""), `{status: {loadBalancer: {ingress: [{ip: x, hostname: 1.2.3.4}]}}}`,
		`status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address`,
		`status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address`)
}

func TestIngressRow(t *testing.T) {
	apitest.Described(t, Ingress, "Name string, Class string, Hosts string, Address string, Ports string, Age string")
	apitest.Row(t, Ingress, `{metadata: {name: i}}`, "i | <none> | * |  | 80 | <unknown>")
	apitest.Row(t, Ingress, `{metadata: {name: i}, spec: {ingressClassName: nginx, tls: [{}], rules: [{host: a}, {host: b}, {host: c}, {host: d}]}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}, {hostname: 1.2.3.3}, {ip: 1.2.3.4}]}}}`,
		"i | nginx | a,b,c + 1 more... | 1.2.3.3,1.2.3.4 | 80, 443 | <unknown>")
}

func TestNetworkPolicy(t *testing.T) {
	apitest.Same(t, apitest.Created(t, NetworkPolicy, `{metadata: {name: p}, spec: {podSelector: {}, egress: [{ports: [{port: 53}]}]}}`),
		`{metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{ports: [{port: 53, protocol: TCP}]}]}}`)
	policy := func(spec string) string {
		return "{metadata: {name: p, namespace: ns}, spec: {podSelector: {}, " + spec + "}}"
	}
	for _, c := range []struct {
		spec string
		want []string
	}{
		{"ingress: [{ports: [{port: 80, endPort: 79}, {endPort: 5}, {port: http, endPort: 5}, {port: 0}, {protocol: ICMP}]}]", []string{
			"spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`",
			"spec.ingress[0].ports[1].endPort: Invalid value: 5: may not be specified when `port` is not specified",
			"spec.ingress[0].ports[2].endPort: Invalid value: 5: may not be specified when `port` is non-numeric",
			"spec.ingress[0].ports[3].port: Invalid value: 0: must be between 1 and 65535, inclusive",
			`spec.ingress[0].ports[4].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`}},
		{"egress: [{to: [{}, {podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9, 10.0.0.0/8, x]}}, {ipBlock: {}}]}]", []string{
			"spec.egress[0].to[0]: Required value: must specify a peer",
			"spec.egress[0].to[1]: Forbidden: may not specify both ipBlock and another peer",
			"spec.egress[0].to[2].ipBlock.except[0]: Invalid value: \"11.0.0.0/9\": must be a strict subset of `cidr`",
			"spec.egress[0].to[2].ipBlock.except[1]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`",
			"spec.egress[0].to[2].ipBlock.except[2]: Invalid value: \"x\": must be a valid CIDR value",
			"spec.egress[0].to[3].ipBlock.cidr: Required value"}},
		{"policyTypes: [Both]", []string{`spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"`}},
		{"policyTypes: [Ingress, Egress, Ingress]", []string{`spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes`}},
	} {
		apitest.Refused(t, NetworkPolicy, policy(c.spec), c.want...)
	}
	apitest.Described(t, NetworkPolicy, "Name string, Pod-Selector string, Age string")
	apitest.Row(t, NetworkPolicy, `{metadata: {name: p}, spec: {podSelector: {matchLabels: {a: b}}}}`, "p | a=b | <unknown>")
}

func TestIngressClass(t *testing.T) {
	apitest.Same(t, apitest.Created(t, IngressClass, `{metadata: {name: c}, spec: {controller: a.b/c, parameters: {kind: K, name: x}}}`),
		`{metadata: {name: c}, spec: {controller: a.b/c, parameters: {kind: K, name: x, scope: Cluster}}}`)
	for spec, want := range map[string][]string{
		"": {"spec.controller: Required value"},
		"controller: a.b/" + strings.Repeat("c", 250):                                             {"spec.controller: Too long: may not be more than 250 bytes"},
		"controller: a.b/c, parameters: {}":                                                       {"spec.parameters.kind: Required value", "spec.parameters.name: Required value"},
		"controller: a.b/c, parameters: {kind: K, name: x, scope: World}":                         {`spec.parameters.scope: Unsupported value: "World": supported values: "Cluster", "Namespace"`},
		"controller: a.b/c, parameters: {kind: K, name: x, scope: Namespace}":                     {"spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"},
		"controller: a.b/c, parameters: {kind: K, name: x, scope: Cluster, namespace: ns}":        {"spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"},
		"controller: a.b/c, parameters: {kind: K, name: x, scope: Namespace, namespace: \"a b\"}": {`spec.parameters.namespace: Invalid value: "a b": `},
	} {
		apitest.Refused(t, IngressClass, "{metadata: {name: c}, spec: {"+spec+"}}", want...)
	}
	for spec, want := range map[string][]string{
		"controller: ab, parameters: {apiGroup: A, kind: a/b, name: .., scope: World}": {
			`spec.controller: Invalid value: "ab": must be a domain-prefixed path`, `spec.parameters.apiGroup: Invalid value: "A": `,
			`spec.parameters.kind: Invalid value: "a/b": may not contain '/'`, `spec.parameters.name: Invalid value: "..": may not be '..'`,
			`spec.parameters.scope: Unsupported value: "World"`},
		"controller: a.b/c, parameters: {scope: Namespace}": {
			"spec.parameters.namespace: Required value", "spec.parameters.kind: Required value", "spec.parameters.name: Required value"},
		"controller: a.b/c, parameters: {kind: K, name: x, scope: Namespace, namespace: ns}": nil,
	} {
		apitest.Refused(t, IngressClass, "{metadata: {name: c}, spec: {"+spec+"}}", want...)
	}
	class := &networkingv1.IngressClass{Spec: networkingv1.IngressClassSpec{Controller: "a.b/c", Parameters: &networkingv1.IngressClassParametersReference{Kind: "K", Name: "n"}}}
	apitest.Errors(t, validateClass(class), "spec.parameters.scope: Required value")
	apitest.Updated(t, IngressClass, `{metadata: {name: c}, spec: {controller: a.b/c}}`, `{metadata: {name: c}, spec: {controller: a}}`,
		`spec.controller: Invalid value: "a": field is immutable`, `spec.controller: Invalid value: "a": must be a domain-prefixed path`)
	apitest.Updated(t, IngressClass, `{metadata: {name: c}, spec: {controller: a.b/c}}`, `{metadata: {name: c}, spec: {controller: a.b/d}}`,
		`spec.controller: Invalid value: "a.b/d": field is immutable`)
	apitest.Described(t, IngressClass, "Name string, Controller string, Parameters string, Age string")
	apitest.Row(t, IngressClass, `{metadata: {name: c}, spec: {controller: a.b/c, parameters: {apiGroup: g, kind: K, name: x}}}`, "c | a.b/c | K.g/x | <unknown>")
}

func TestIPAddress(t *testing.T) {
	apitest.Refused(t, IPAddress, `{metadata: {name: "2001:DB8::1"}, spec: {parentRef: {resource: services, name: s, namespace: ns}}}`,
		`metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")`)
	apitest.Refused(t, IPAddress, `{metadata: {name: ten}}`, `metadata.name: Invalid value: "ten": must be a valid IP address`, "spec.parentRef: Required value")
	apitest.Refused(t, IPAddress, `{metadata: {name: 10.0.0.1}, spec: {parentRef: {group: A, namespace: a/b}}}`,
		`spec.parentRef.group: Invalid value: "A": `, `spec.parentRef.namespace: Invalid value: "a/b": may not contain '/'`,
		"spec.parentRef.resource: Required value", "spec.parentRef.name: Required value")
	at := func(parent string) string { return "{metadata: {name: 10.0.0.1}, spec: {parentRef: " + parent + "}}" }
	apitest.Refused(t, IPAddress, at("{resource: a/b, name: .}"), `spec.parentRef.resource: Invalid value: "a/b": may not contain '/'`,
		`spec.parentRef.name: Invalid value: ".": may not be '.'`)
	const services = "{resource: services, name: s}"
	apitest.Updated(t, IPAddress, at(services), at(services))
	apitest.Updated(t, IPAddress, at(services), at("{resource: services, name: other}"), "spec.parentRef: Invalid value: null: field is immutable")
	apitest.Updated(t, IPAddress, at(services), at("null"), "spec.parentRef: Required value", "spec.parentRef: Invalid value: null: field is immutable")
	apitest.Described(t, IPAddress, "Name string, ParentRef string, Age string")
	apitest.Row(t, IPAddress, `{metadata: {name: 10.0.0.1}, spec: {parentRef: {resource: services, name: s, namespace: ns}}}`, "10.0.0.1 | services/ns/s | <unknown>")
	apitest.Row(t, IPAddress, `{metadata: {name: 10.0.0.1}, spec: {parentRef: {group: g.io, resource: gates, name: s}}}`, "10.0.0.1 | gates.g.io/s | <unknown>")
}

func TestServiceCIDR(t *testing.T) {
	cidrs := func(list string) string { return "{metadata: {name: c}, spec: {cidrs: [" + list + "]}}" }
	apitest.Refused(t, ServiceCIDR, cidrs(""), "spec.cidrs: Required value: at least one CIDR required")
	apitest.Refused(t, ServiceCIDR, cidrs("a, b, c"), `spec.cidrs: Invalid value: {"cidrs":["a","b","c"]}: may only hold up to 2 values`)
	apitest.Refused(t, ServiceCIDR, cidrs("10.0.0.1/8"), `spec.cidrs[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length`)
	apitest.Refused(t, ServiceCIDR, cidrs("10.0.0.0/16, 10.1.0.0/16"),
		`spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64`)
	apitest.Updated(t, ServiceCIDR, cidrs("10.96.0.0/16"), cidrs("10.97.0.0/16"), `spec.cidrs[0]: Invalid value: "10.97.0.0/16": field is immutable`)
	apitest.Updated(t, ServiceCIDR, cidrs("10.96.0.0/16"), cidrs(`10.96.0.0/16, "fd00::/112"`))
	apitest.Updated(t, ServiceCIDR, cidrs(`10.96.0.0/16, "fd00::/112"`), cidrs("10.96.0.0/16"), `spec.cidrs: Invalid value: ["10.96.0.0/16"]: field is immutable`)
	apitest.Updated(t, ServiceCIDR, cidrs("10.96.0.0/16"), cidrs(`10.97.0.0/16, "10.98.0.0/16"`), `spec.cidrs[0]: Invalid value: "10.97.0.0/16": field is immutable`,
		"spec.cidrs: Invalid value: [\"10.97.0.0/16\",\"10.98.0.0/16\"]: may specify no more than one IP")
	apitest.Refused(t, ServiceCIDR, cidrs(`"fd00:0::/112"`), `spec.cidrs[0]: Invalid value: "fd00:0::/112": must be in canonical form ("fd00::/112")`)
	apitest.Refused(t, ServiceCIDR, cidrs("10.96.0.0"), `spec.cidrs[0]: Invalid value: "10.96.0.0": must be a valid CIDR value`)
	apitest.Described(t, ServiceCIDR, "Name string, CIDRs string, Age string")
	apitest.Row(t, ServiceCIDR, cidrs(`10.96.0.0/16, "fd00::/112"`), "c | 10.96.0.0/16,fd00::/112 | <unknown>")
}

// A ServiceCIDR brings its status along, and a write of its status leaves the
// rest alone.
func TestServiceCIDRStatus(t *testing.T) {
	const ready = `{metadata: {name: c, labels: {a: b}}, spec: {cidrs: [10.0.0.0/8]}, status: {conditions: [{type: Ready, status: "True", reason: R, message: "", lastTransitionTime: null}]}}`
	apitest.Same(t, apitest.Created(t, ServiceCIDR, ready), ready)
	got := apitest.PartUpdated(t, ServiceCIDR, "status", `{metadata: {name: c}, spec: {cidrs: [10.96.0.0/16]}}`, ready)
	if o := got.(*networkingv1.ServiceCIDR); len(o.Status.Conditions) != 1 || o.Spec.CIDRs[0] != "10.96.0.0/16" || o.Labels != nil {
		t.Errorf("%+v", o)
	}
}
