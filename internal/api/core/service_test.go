package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestServiceDefaults(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"cluster IP": {
			`{metadata: {name: s}, spec: {selector: {a: b}, ports: [{port: 80}, {name: dns, port: 53, protocol: UDP, targetPort: dns}]}}`,
			`{metadata: {name: s}, spec: {selector: {a: b}, type: ClusterIP, sessionAffinity: None, internalTrafficPolicy: Cluster,
			  ports: [{port: 80, protocol: TCP, targetPort: 80}, {name: dns, port: 53, protocol: UDP, targetPort: dns}]}, status: {loadBalancer: {}}}`,
		},
		"load balancer": {
			`{metadata: {name: s}, spec: {type: LoadBalancer, sessionAffinity: ClientIP, clusterIP: "fd00::1", ports: [{port: 80}]}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}}`,
			`{metadata: {name: s}, spec: {type: LoadBalancer, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 10800}},
			  internalTrafficPolicy: Cluster, externalTrafficPolicy: Cluster, allocateLoadBalancerNodePorts: true,
			  clusterIP: "fd00::1", clusterIPs: ["fd00::1"],
			  ports: [{port: 80, protocol: TCP, targetPort: 80}]}, status: {loadBalancer: {}}}`,
		},
		"external name": {
			`{metadata: {name: s}, spec: {type: ExternalName, externalName: example.com}}`,
			`{metadata: {name: s}, spec: {type: ExternalName, externalName: example.com, sessionAffinity: None}, status: {loadBalancer: {}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) { apitest.Same(t, apitest.Created(t, Service, tt.in), tt.want) })
	}
}

func TestServiceValidation(t *testing.T) {
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"good":     {spec: `{ports: [{port: 80}]}`},
		"headless": {spec: `{clusterIP: None}`},
		"no ports": {spec: `{}`, want: []string{"spec.ports: Required value"}},
		"ports": {
			spec: `{ports: [{port: 80}, {name: a, port: 80}, {name: a, port: 0, nodePort: 30000}]}`,
			want: []string{
				"spec.ports[0].name: Required value",
				"spec.ports[1]: Duplicate value: ",
				"spec.ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive",
				"spec.ports[2].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
				`spec.ports[2].name: Duplicate value: "a"`,
				"spec.ports[2].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
			},
		},
		"type": {
			spec: `{type: Magic, ports: [{port: 80}]}`,
			want: []string{`spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"`},
		},
		"headless node port": {
			spec: `{type: NodePort, clusterIP: None, ports: [{port: 80}]}`,
			want: []string{`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`},
		},
		"external name": {spec: `{type: ExternalName}`, want: []string{"spec.externalName: Required value"}},
		"policies": {
			spec: `{externalTrafficPolicy: Local, healthCheckNodePort: 30000, loadBalancerClass: a/b, ports: [{port: 80}]}`,
			want: []string{
				"spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
				`spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services`,
				"spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
			},
		},
		"families": {
			spec: `{clusterIPs: ["fd00::1", "fd00::2"], clusterIP: "fd00::1", ipFamilies: [IPv4, IPv4, X], ports: [{port: 80}]}`,
			want: []string{
				`spec.ipFamilies: Invalid value: ["IPv4","IPv4","X"]: may only hold up to 2 values`,
				`spec.ipFamilies[1]: Duplicate value: "IPv4"`,
				`spec.ipFamilies[2]: Unsupported value: "X": supported values: "IPv4", "IPv6"`,
				"spec.clusterIPs[0]: Invalid value: \"fd00::1\": expected an IPv4 value as indicated by `ipFamilies[0]`",
				"spec.clusterIPs[1]: Invalid value: \"fd00::2\": expected an IPv4 value as indicated by `ipFamilies[1]`",
				`spec.clusterIPs: Invalid value: ["fd00::1","fd00::2"]: may specify no more than one IP for each IP family`,
			},
		},
		"address": {
			spec: `{clusterIP: 10.0.0.300, ports: [{port: 80}]}`,
			want: []string{`spec.clusterIPs[0]: Invalid value: "10.0.0.300": must be a valid IP address`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, Service, "{metadata: {name: s, namespace: ns}, spec: "+tt.spec+"}", tt.want...)
		})
	}
	apitest.Refused(t, Service, `{metadata: {name: 1s, namespace: ns}, spec: {ports: [{port: 80}]}}`,
		`metadata.name: Invalid value: "1s": a DNS-1035 label must consist of`)
}

func TestServiceUpdate(t *testing.T) {
	const old = `{metadata: {name: s, namespace: ns}, spec: {type: NodePort, clusterIP: 10.96.0.7, ports: [{port: 80, nodePort: 30080}]}}`
	apitest.Updated(t, Service, old, `{metadata: {name: s, namespace: ns}, spec: {type: NodePort, clusterIP: 10.96.0.8, ports: [{port: 80}]}}`,
		`spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set`)

	was, o := apitest.Created(t, Service, old), apitest.Defaulted(t, Service, `{metadata: {name: s, namespace: ns}, spec: {type: NodePort, ports: [{port: 80}, {name: x, port: 81}]}}`)
	Service.PrepareUpdate(o, was)
	apitest.Same(t, o, `{metadata: {name: s, namespace: ns}, spec: {type: NodePort, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7],
	  sessionAffinity: None, internalTrafficPolicy: Cluster, externalTrafficPolicy: Cluster,
	  ports: [{port: 80, protocol: TCP, targetPort: 80, nodePort: 30080}, {name: x, port: 81, protocol: TCP, targetPort: 81}]}, status: {loadBalancer: {}}}`)

	o = apitest.Defaulted(t, Service, `{metadata: {name: s, namespace: ns}, spec: {type: ExternalName, externalName: a.b, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7]}}`)
	Service.PrepareUpdate(o, was)
	apitest.Same(t, o, `{metadata: {name: s, namespace: ns}, spec: {type: ExternalName, externalName: a.b, sessionAffinity: None}, status: {loadBalancer: {}}}`)
}

// What kubectl patch sends: all of the object as it was, with another type.
func TestServiceChangesType(t *testing.T) {
	service := func(spec string) string {
		return `{metadata: {name: s, namespace: ns}, spec: {clusterIP: 10.96.0.7, ` + spec + `}}`
	}
	const nodePort = `externalTrafficPolicy: Cluster, ports: [{port: 80, nodePort: 30080}]`
	apitest.Updated(t, Service, service("type: NodePort, "+nodePort), service("type: ClusterIP, "+nodePort))
	apitest.Updated(t, Service, service("type: NodePort, "+nodePort), service("type: LoadBalancer, "+nodePort))
	apitest.Updated(t, Service, service("type: LoadBalancer, loadBalancerClass: a/b, "+nodePort),
		service("type: ClusterIP, allocateLoadBalancerNodePorts: true, loadBalancerClass: a/b, "+nodePort))
	apitest.Updated(t, Service, service("ports: [{port: 80}]"), service("type: ExternalName, externalName: a.b, ports: [{port: 80}]"))
	apitest.Updated(t, Service, service("type: NodePort, "+nodePort), service("type: ClusterIP, ports: [{port: 80, nodePort: 30081}]"),
		"spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'")
}

func TestServiceRow(t *testing.T) {
	for in, want := range map[string]string{
		`{metadata: {name: a}, spec: {type: NodePort, clusterIPs: [10.96.0.7], selector: {x: "y"}, ports: [{port: 80, nodePort: 30080, protocol: TCP}, {port: 53, protocol: UDP}]}}`: "a | NodePort | 10.96.0.7 | <none> | 80:30080/TCP,53/UDP | <unknown> | x=y",
		`{metadata: {name: b}, spec: {type: ClusterIP, clusterIP: None}}`:                                            "b | ClusterIP | None | <none> | <none> | <unknown> | <none>",
		`{metadata: {name: c}, spec: {type: LoadBalancer, clusterIP: 10.96.0.8, ports: [{port: 1, protocol: TCP}]}}`: "c | LoadBalancer | 10.96.0.8 | <pending> | 1/TCP | <unknown> | <none>",
		`{metadata: {name: e}, spec: {type: LoadBalancer, clusterIPs: [10.96.0.8], externalIPs: [9.9.9.9], ports: [{port: 1, protocol: TCP}]}, status: {loadBalancer: {ingress: [{ip: 2.2.2.2}, {hostname: a.b}, {ip: 1.1.1.1}, {ip: 2.2.2.2}]}}}`: "e | LoadBalancer | 10.96.0.8 | 1.1.1.1,2.2.2.2,a.b,9.9.9.9 | 1/TCP | <unknown> | <none>",
		`{metadata: {name: d}, spec: {type: ExternalName, externalName: a.b}}`: "d | ExternalName | <none> | a.b | <none> | <unknown> | <none>",
	} {
		apitest.Row(t, Service, in, want)
	}
}
