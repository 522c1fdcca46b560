package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

const nodePort80 = `externalTrafficPolicy: Cluster, ports: [{port: 80, nodePort: 30080}]`

func serviceOf(spec string) string {
	return `{metadata: {name: s, namespace: ns}, spec: {` + spec + `}}`
}

func TestServiceUpdate(t *testing.T) {
	const one, two = `clusterIP: 10.0.0.1, ipFamilies: [IPv4], ports: [{port: 80}]`,
		`clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "fd00::1"], ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]`
	for name, tt := range map[string]struct {
		was, is string
		want    []string
	}{
		"nothing":       {one, one, nil},
		"a second":      {one, two, nil},
		"left out":      {two, `ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack, ports: [{port: 81}]`, nil},
		"the first":     {one, `clusterIP: 10.0.0.2, ipFamilies: [IPv4], ports: [{port: 80}]`, []string{`spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set`}},
		"the first one": {two, `clusterIP: 10.0.0.2, clusterIPs: [10.0.0.1, "fd00::1"], ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, ports: [{port: 80}]`, []string{`spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set`}},
		"the second":    {two, `clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "fd00::2"], ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]`, []string{`spec.clusterIPs[1]: Invalid value: ["10.0.0.1","fd00::2"]: may not change once set`}},
		"the first, with a second": {one, `clusterIP: 10.0.0.2, clusterIPs: [10.0.0.2, "fd00::1"], ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]`,
			[]string{`spec.clusterIPs[0]: Invalid value: ["10.0.0.2","fd00::1"]: may not change once set`}},
		"released": {two, `clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, ports: [{port: 80}]`, nil},
		"released by the way": {two, `clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ipFamilies: [IPv4], ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]`, []string{
			`spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be set to 'SingleStack' when releasing the secondary clusterIP`,
			`spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be set to 'SingleStack' when releasing the secondary ipFamily`}},
		"families change places": {two, `clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "fd00::1"], ipFamilies: [IPv6, IPv4], ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]`, []string{
			`spec.ipFamilies[0]: Invalid value: ["IPv6","IPv4"]: may not change once set`, `spec.ipFamilies[0]: Invalid value: ["IPv6","IPv4"]: may not change once set`,
			`spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6`, `spec.clusterIPs[1]: Invalid value: "fd00::1": expected an IPv4`}},
		"another first family": {one, `clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "fd00::1"], ipFamilies: [IPv6, IPv4], ports: [{port: 80}]`, []string{
			`spec.ipFamilies[0]: Invalid value: ["10.0.0.1","fd00::1"]: may not change once set`,
			`spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6`, `spec.clusterIPs[1]: Invalid value: "fd00::1": expected an IPv4`}},
		"to headless":          {one, `clusterIP: None, ports: [{port: 80}]`, []string{`spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set`}},
		"from headless":        {`clusterIP: None, ports: [{port: 80}]`, `clusterIP: 10.0.0.1, ports: [{port: 80}]`, []string{`spec.clusterIPs[0]: Invalid value: ["10.0.0.1"]: may not change once set`}},
		"headless families":    {`clusterIP: None, ipFamilies: [IPv4]`, `clusterIP: None, ipFamilies: [IPv6]`, nil},
		"class":                {`type: LoadBalancer, loadBalancerClass: a/b, ` + nodePort80, `type: LoadBalancer, loadBalancerClass: a/c, ` + nodePort80, []string{`spec.loadBalancerClass: Invalid value: "a/c": may not change once set`}},
		"class that comes":     {`type: LoadBalancer, ` + nodePort80, `type: LoadBalancer, loadBalancerClass: a/c, ` + nodePort80, []string{`spec.loadBalancerClass: Invalid value: "a/c": may not change once set`}},
		"class with its type":  {`type: NodePort, ` + nodePort80, `type: LoadBalancer, loadBalancerClass: a/c, ` + nodePort80, nil},
		"health check":         {`type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30001, ports: [{port: 80}]`, `type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30002, ports: [{port: 80}]`, []string{"spec.healthCheckNodePort: Forbidden: field is immutable"}},
		"health check is kept": {`type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30001, ports: [{port: 80}]`, `type: LoadBalancer, externalTrafficPolicy: Local, ports: [{port: 80}]`, nil},
		"what was taken then": {`externalIPs: [192.0.2.01], ports: [{port: 80}]`, `externalIPs: [192.0.2.01, 192.0.2.02], ports: [{port: 80}]`,
			[]string{`spec.externalIPs[1]: Invalid value: "192.0.2.02": must not have leading 0s`}},
		"ranges that were taken then": {`type: LoadBalancer, loadBalancerSourceRanges: [" 10.0.0.1/8"], ` + nodePort80, `type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.1/8, 10.0.0.2/8], ` + nodePort80,
			[]string{`spec.LoadBalancerSourceRanges[1]: Invalid value: "10.0.0.2/8": must not have bits set beyond the prefix length`}},
		"an address that was taken then": {`clusterIP: 10.0.0.01, ports: [{port: 80}]`, `clusterIP: 10.0.0.01, ports: [{port: 81}]`, nil},
	} {
		t.Run(name, func(t *testing.T) { apitest.Updated(t, Service, serviceOf(tt.was), serviceOf(tt.is), tt.want...) })
	}
}

// What kubectl patch sends: all of the object as it was, with another type.
func TestServiceChangesType(t *testing.T) {
	const ip = `clusterIP: 10.96.0.7, `
	for name, tt := range map[string]struct {
		was, is string
		want    []string
	}{
		"inside":            {"type: NodePort, " + nodePort80, "type: ClusterIP, " + nodePort80, nil},
		"fewer ports":       {"type: NodePort, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30081}]", "type: ClusterIP, ports: [{port: 81, nodePort: 30081}]", nil},
		"balanced":          {"type: NodePort, " + nodePort80, "type: LoadBalancer, " + nodePort80, nil},
		"no longer":         {"type: LoadBalancer, loadBalancerClass: a/b, " + nodePort80, "type: ClusterIP, allocateLoadBalancerNodePorts: true, loadBalancerClass: a/b, " + nodePort80, nil},
		"no longer checked": {"type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30001, ports: [{port: 80, nodePort: 30080}]", "type: NodePort, externalTrafficPolicy: Local, healthCheckNodePort: 30001, ports: [{port: 80, nodePort: 30080}]", nil},
		"elsewhere":         {"ports: [{port: 80}]", "type: ExternalName, externalName: a.b, ports: [{port: 80}]", nil},
		"another node port": {"type: NodePort, " + nodePort80, "type: ClusterIP, ports: [{port: 80, nodePort: 30081}]", []string{"spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"}},
		"another class":     {"type: LoadBalancer, loadBalancerClass: a/b, " + nodePort80, "type: ClusterIP, loadBalancerClass: a/c, " + nodePort80, []string{"spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"}},
		"another policy":    {"type: NodePort, externalTrafficPolicy: Local, ports: [{port: 80}]", "type: ClusterIP, externalTrafficPolicy: Cluster, ports: [{port: 80}]", []string{`spec.externalTrafficPolicy: Invalid value: "Cluster": may only be set for externally-accessible services`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Updated(t, Service, serviceOf(ip+tt.was), serviceOf(ip+tt.is), tt.want...)
		})
	}
	apitest.Updated(t, Service, serviceOf(`clusterIP: 10.96.0.7, ports: [{port: 80}]`), serviceOf(`type: ExternalName, externalName: a, clusterIP: 10.96.0.8, ports: [{port: 80}]`),
		"spec.clusterIPs: Forbidden: may not be set for ExternalName services")
	apitest.Updated(t, Service, serviceOf(`ipFamilyPolicy: SingleStack, ipFamilies: [IPv4], ports: [{port: 80}]`), serviceOf(`type: ExternalName, externalName: a, ipFamilyPolicy: PreferDualStack, ipFamilies: [IPv6], ports: [{port: 80}]`),
		"spec.ipFamilies: Forbidden: may not be set for ExternalName services", "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services")
}

func TestServiceIsPreparedForUpdate(t *testing.T) {
	const was = `type: NodePort, clusterIP: 10.96.0.7, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, ports: [{port: 80, nodePort: 30080}]`
	for name, tt := range map[string]struct{ was, is, want string }{
		"kept": {was, `type: NodePort, ports: [{port: 80}, {name: x, port: 81}]`,
			`type: NodePort, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], externalTrafficPolicy: Cluster, internalTrafficPolicy: Cluster,
			ports: [{port: 80, protocol: TCP, targetPort: 80, nodePort: 30080}, {name: x, port: 81, protocol: TCP, targetPort: 81}]`},
		"a node port that moved": {was, `type: NodePort, ports: [{port: 80}, {name: x, port: 81, nodePort: 30080}]`,
			`type: NodePort, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], externalTrafficPolicy: Cluster, internalTrafficPolicy: Cluster,
			ports: [{port: 80, protocol: TCP, targetPort: 80}, {name: x, port: 81, protocol: TCP, targetPort: 81, nodePort: 30080}]`},
		"elsewhere": {was, `type: ExternalName, externalName: a.b, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, internalTrafficPolicy: Cluster`,
			`type: ExternalName, externalName: a.b`},
		"elsewhere, the address cleared": {was, `type: ExternalName, externalName: a.b, clusterIP: "", clusterIPs: [10.96.0.7]`, `type: ExternalName, externalName: a.b`},
		"from elsewhere": {`type: ExternalName, externalName: a.b`, `type: ClusterIP, clusterIP: 10.96.0.7, ports: [{port: 80}]`,
			`type: ClusterIP, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], internalTrafficPolicy: Cluster, ports: [{port: 80, protocol: TCP, targetPort: 80}]`},
		"balancers without node ports": {`type: LoadBalancer, ports: [{port: 80, nodePort: 30080}]`, `type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]`,
			`type: LoadBalancer, allocateLoadBalancerNodePorts: false, externalTrafficPolicy: Cluster, internalTrafficPolicy: Cluster, ports: [{port: 80, protocol: TCP, targetPort: 80}]`},
	} {
		t.Run(name, func(t *testing.T) {
			o := apitest.Defaulted(t, Service, serviceOf(tt.is))
			Service.PrepareUpdate(o, apitest.Created(t, Service, serviceOf(tt.was)))
			apitest.Same(t, o, `{metadata: {name: s, namespace: ns}, spec: {sessionAffinity: None, `+tt.want+`}, status: {loadBalancer: {}}}`)
		})
	}
}

func TestServiceLosesItsBalancersStatus(t *testing.T) {
	was := apitest.Parse(t, Service, `{metadata: {name: s}, spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}}`)
	for kind, want := range map[string]string{"LoadBalancer": `{ingress: [{ip: 1.2.3.4}]}`, "NodePort": `{}`} {
		o := apitest.Parse(t, Service, `{metadata: {name: s}, spec: {type: `+kind+`}}`)
		Service.PrepareUpdate(o, was)
		apitest.Same(t, o, `{metadata: {name: s}, spec: {type: `+kind+`}, status: {loadBalancer: `+want+`}}`)
	}
}
