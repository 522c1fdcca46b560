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
			`{metadata: {name: s}, spec: {type: ExternalName, externalName: example.com, internalTrafficPolicy: Local}}`,
			`{metadata: {name: s}, spec: {type: ExternalName, externalName: example.com, sessionAffinity: None}, status: {loadBalancer: {}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) { apitest.Same(t, apitest.Created(t, Service, tt.in), tt.want) })
	}
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
