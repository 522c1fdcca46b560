package networking

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestIngress(t *testing.T) {
	apitest.Refused(t, Ingress, `{metadata: {name: i, namespace: ns}}`, "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified")
	apitest.Refused(t, Ingress, `{metadata: {name: i, namespace: ns}, spec: {rules: [{host: 1.2.3.4, http: {paths: [
	  {backend: {service: {name: s, port: {number: 80}}}},
	  {pathType: Prefix, path: a//b, backend: {service: {name: s}}},
	  {pathType: Exact, path: /, backend: {}}]}}]}}`,
		`spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address`,
		"spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
		`spec.rules[0].http.paths[1].path: Invalid value: "a//b": must be an absolute path`,
		`spec.rules[0].http.paths[1].path: Invalid value: "a//b": must not contain '//'`,
		"spec.rules[0].http.paths[1].backend.service: Required value: port name or number is required",
		"spec.rules[0].http.paths[2].backend: Required value: resource or service backend is required")
	apitest.Row(t, Ingress, `{metadata: {name: i}}`, "i | <none> | * |  | 80 | <unknown>")
	apitest.Row(t, Ingress, `{metadata: {name: i}, spec: {ingressClassName: nginx, tls: [{}], rules: [{host: a}, {host: b}, {host: c}, {host: d}]}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}}`,
		"i | nginx | a,b,c + 1 more... | 1.2.3.4 | 80, 443 | <unknown>")
}

func TestNetworkPolicy(t *testing.T) {
	apitest.Same(t, apitest.Created(t, NetworkPolicy, `{metadata: {name: p}, spec: {podSelector: {}, egress: [{ports: [{port: 53}]}]}}`),
		`{metadata: {name: p}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{ports: [{port: 53, protocol: TCP}]}]}}`)
	apitest.Refused(t, NetworkPolicy, `{metadata: {name: p, namespace: ns}, spec: {podSelector: {}, ingress: [{ports: [{port: 80, endPort: 79}], from: [{}, {podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}]}]}}`,
		"spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`",
		"spec.ingress[0].from[0]: Required value: must specify a peer",
		"spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer",
		"spec.ingress[0].from[2].ipBlock.except[0]: Invalid value: \"11.0.0.0/9\": must be a strict subset of `cidr`")
	apitest.Row(t, NetworkPolicy, `{metadata: {name: p}, spec: {podSelector: {matchLabels: {a: b}}}}`, "p | a=b | <unknown>")
}

func TestIngressClass(t *testing.T) {
	apitest.Refused(t, IngressClass, `{metadata: {name: c}}`, "spec.controller: Required value")
	apitest.Row(t, IngressClass, `{metadata: {name: c}, spec: {controller: a.b/c, parameters: {apiGroup: g, kind: K, name: x}}}`, "c | a.b/c | K.g/x | <unknown>")
}

func TestIPAddress(t *testing.T) {
	apitest.Refused(t, IPAddress, `{metadata: {name: "2001:DB8::1"}, spec: {parentRef: {resource: services, name: s, namespace: ns}}}`,
		`metadata.name: Invalid value: "2001:DB8::1": must be a canonical IP address (2001:db8::1)`)
	apitest.Row(t, IPAddress, `{metadata: {name: 10.0.0.1}, spec: {parentRef: {resource: services, name: s, namespace: ns}}}`, "10.0.0.1 | services/ns/s | <unknown>")
}

func TestServiceCIDR(t *testing.T) {
	apitest.Updated(t, ServiceCIDR, `{metadata: {name: c}, spec: {cidrs: [10.96.0.0/16]}}`, `{metadata: {name: c}, spec: {cidrs: [10.97.0.0/16]}}`,
		`spec.cidrs: Invalid value: ["10.97.0.0/16"]: field is immutable`)
	apitest.Row(t, ServiceCIDR, `{metadata: {name: c}, spec: {cidrs: [10.96.0.0/16, "fd00::/112"]}}`, "c | 10.96.0.0/16,fd00::/112 | <unknown>")
}
