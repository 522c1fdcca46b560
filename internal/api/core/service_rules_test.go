package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestServiceRules(t *testing.T) {
	const one = `ports: [{port: 80}]`
	for name, tt := range map[string]struct {
		rest string // behind metadata
		want []string
	}{
		"good":                      {`spec: {` + one + `}`, nil},
		"headless":                  {`spec: {clusterIP: None}`, nil},
		"external name needs none":  {`spec: {type: ExternalName, externalName: a.b.}`, nil},
		"topology modes that agree": {`metadata: {name: s, namespace: ns, annotations: {service.kubernetes.io/topology-aware-hints: Auto, service.kubernetes.io/topology-mode: Auto}}, spec: {` + one + `}`, nil},
		"topology modes": {`metadata: {name: s, namespace: ns, annotations: {service.kubernetes.io/topology-aware-hints: Auto, service.kubernetes.io/topology-mode: Never}}, spec: {` + one + `}`,
			[]string{`metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "Never": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified`}},
		"no ports": {`spec: {}`, []string{"spec.ports: Required value"}},
		"type": {`spec: {type: Magic, ` + one + `}`,
			[]string{`spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"`}},
		"headless node port": {`spec: {type: NodePort, clusterIP: None, ` + one + `}`,
			[]string{`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`}},
		"headless balancer": {`spec: {type: LoadBalancer, clusterIP: None, ` + one + `}`,
			[]string{`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for LoadBalancer services`}},
		"external name": {`spec: {type: ExternalName, clusterIP: 10.0.0.1, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, externalName: "."}`, []string{
			"spec.clusterIPs: Forbidden: may not be set for ExternalName services", "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
			"spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services", "spec.externalName: Required value"}},
		"bad external name":                  {`spec: {type: ExternalName, externalName: A}`, []string{`spec.externalName: Invalid value: "A": a lowercase RFC 1123 subdomain`}},
		"node port of an external name":      {`spec: {type: ExternalName, externalName: a, ports: [{port: 1, nodePort: 30000}]}`, nil},
		"addresses of a misspelled balancer": {`spec: {type: Balancer, loadBalancerSourceRanges: [10.0.0.0/8], ` + one + `}`, []string{`spec.type: Unsupported value: "Balancer"`, "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"}},
		"selector":                           {`spec: {selector: {"a b": c}, ` + one + `}`, []string{`spec.selector: Invalid value: "a b": name part must consist of`}},
		"affinity":                           {`spec: {sessionAffinity: Sticky, sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}, ` + one + `}`, []string{`spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None"`}},
		"affinity too short": {`spec: {sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}, ` + one + `}`,
			[]string{"spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400"}},
		"affinity too long": {`spec: {sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}, ` + one + `}`,
			[]string{"spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400"}},
		"affinity for a day": {`spec: {sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86400}}, ` + one + `}`, nil},
		"external addresses": {`spec: {externalIPs: [192.0.2.1, x, 010.0.0.1, "::ffff:10.0.0.1", 127.0.0.1, 0.0.0.0, 169.254.1.1, 224.0.0.1], ` + one + `}`, []string{
			`spec.externalIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
			`spec.externalIPs[2]: Invalid value: "010.0.0.1": must not have leading 0s`,
			`spec.externalIPs[3]: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address`,
			`spec.externalIPs[4]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
			`spec.externalIPs[5]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)`,
			`spec.externalIPs[6]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)`,
			`spec.externalIPs[7]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)`}},
		"source ranges": {`spec: {type: LoadBalancer, loadBalancerSourceRanges: [" 10.0.0.0/8 ", 10.0.0.1/8, x], ` + one + `}`, []string{
			`spec.LoadBalancerSourceRanges[1]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length`,
			`spec.LoadBalancerSourceRanges[2]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`}},
		"source ranges of another type": {`spec: {loadBalancerSourceRanges: [10.0.0.0/8], ` + one + `}`, []string{"spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"}},
		"annotated source ranges": {`metadata: {name: s, namespace: ns, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: " 10.0.0.0/8, x "}}, spec: {` + one + `}`, []string{
			"metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Forbidden: may only be used when `type` is 'LoadBalancer'",
			`metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Invalid value: "x": must be a valid CIDR value`}},
		"annotated with no source ranges": {`metadata: {name: s, namespace: ns, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: " "}}, spec: {type: LoadBalancer, ` + one + `}`, nil},
		"the field before the annotation": {`metadata: {name: s, namespace: ns, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: x}}, spec: {type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8], ` + one + `}`, nil},
		"what is a balancer's": {`spec: {allocateLoadBalancerNodePorts: true, loadBalancerClass: a/b, ` + one + `}`, []string{
			"spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
			"spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"}},
		"class": {`spec: {type: LoadBalancer, loadBalancerClass: a b, ` + one + `}`, []string{`spec.loadBalancerClass: Invalid value: "a b": name part must consist of`}},
		"policies of what is inside": {`spec: {externalTrafficPolicy: Local, healthCheckNodePort: 30000, internalTrafficPolicy: Never, trafficDistribution: Anywhere, ` + one + `}`, []string{
			`spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services`,
			"spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
			`spec.internalTrafficPolicy: Unsupported value: "Never": supported values: "Cluster", "Local"`,
			`spec.trafficDistribution: Unsupported value: "Anywhere": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"`}},
		"policy of a node port":     {`spec: {type: NodePort, externalTrafficPolicy: Never, ` + one + `}`, []string{`spec.externalTrafficPolicy: Unsupported value: "Never": supported values: "Cluster", "Local"`}},
		"policy of external IPs":    {`spec: {externalIPs: [192.0.2.1], externalTrafficPolicy: Local, ` + one + `}`, nil},
		"health check without port": {`spec: {type: LoadBalancer, externalTrafficPolicy: Local, ` + one + `}`, []string{"spec.healthCheckNodePort: Required value"}},
		"health check":              {`spec: {type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 70000, ` + one + `}`, []string{"spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := "{metadata: {name: s, namespace: ns}, " + tt.rest + "}"
			if tt.rest[0] == 'm' {
				text = "{" + tt.rest + "}"
			}
			apitest.Refused(t, Service, text, tt.want...)
		})
	}
	apitest.Refused(t, Service, `{metadata: {name: 1s, namespace: ns}, spec: {ports: [{port: 80}]}}`,
		`metadata.name: Invalid value: "1s": a DNS-1035 label must consist of`)
}

// What defaults always fill in is wanted all the same.
func TestServiceWithoutDefaults(t *testing.T) {
	for spec, want := range map[string][]string{
		`sessionAffinity: "", internalTrafficPolicy: Cluster`:                                              {"spec.sessionAffinity: Required value"},
		`sessionAffinity: None, sessionAffinityConfig: {}, internalTrafficPolicy: Cluster`:                 {"spec.sessionAffinityConfig: Forbidden: must not be set when session affinity is None"},
		`sessionAffinity: ClientIP, internalTrafficPolicy: Cluster`:                                        {"spec.sessionAffinityConfig: Required value: when session affinity type is ClientIP"},
		`sessionAffinity: ClientIP, sessionAffinityConfig: {}, internalTrafficPolicy: Cluster`:             {"spec.sessionAffinityConfig.clientIP: Required value: when session affinity type is ClientIP"},
		`sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {}}, internalTrafficPolicy: Cluster`: {"spec.sessionAffinityConfig.clientIP.timeoutSeconds: Required value: when session affinity type is ClientIP"},
		`sessionAffinity: None`: {"spec.internalTrafficPolicy: Required value"},
		`sessionAffinity: None, internalTrafficPolicy: Cluster, ports: [{port: 1, targetPort: 1}, {name: a, port: 0, targetPort: 1, protocol: TCP}]`: {
			"spec.ports[0].name: Required value", "spec.ports[0].protocol: Required value", "spec.ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive"},
	} {
		o := apitest.Parse(t, Service, `{metadata: {name: s, namespace: ns}, spec: {type: ClusterIP, clusterIP: None, clusterIPs: [None], `+spec+`}}`)
		apitest.Errors(t, Service.Validate(o), want...)
	}
	o := apitest.Parse(t, Service, `{metadata: {name: s, namespace: ns}, spec: {clusterIP: None, clusterIPs: [None], sessionAffinity: None, internalTrafficPolicy: Cluster}}`)
	apitest.Errors(t, Service.Validate(o), "spec.type: Required value")
	o = apitest.Parse(t, Service, `{metadata: {name: s, namespace: ns}, spec: {type: NodePort, ports: [{port: 1, targetPort: 1, protocol: TCP}], sessionAffinity: None, internalTrafficPolicy: Cluster}}`)
	apitest.Errors(t, Service.Validate(o), "spec.externalTrafficPolicy: Required value")
}

func TestServicePorts(t *testing.T) {
	for name, tt := range map[string]struct {
		kind, ports string
		want        []string
	}{
		"alone without a name": {"ClusterIP", `[{port: 80, targetPort: web, appProtocol: kubernetes.io/h2c}]`, nil},
		"same port of two protocols": {"NodePort", `[{name: a, port: 53, nodePort: 30053}, {name: b, port: 53, protocol: UDP, nodePort: 30053}]`,
			nil},
		"twice": {"ClusterIP", `[{port: 80}, {name: a, port: 80}, {name: a, port: 0, nodePort: 30000}]`, []string{
			"spec.ports[0].name: Required value", `spec.ports[2].name: Duplicate value: "a"`,
			"spec.ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive",
			"spec.ports[2].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
			"spec.ports[2].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
			`spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}`}},
		"node port twice": {"NodePort", `[{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30080}]`, []string{"spec.ports[1].nodePort: Duplicate value: 30080"}},
		"words": {"ClusterIP", `[{name: A, port: 80, protocol: ICMP, targetPort: a_b, appProtocol: a b}]`, []string{
			`spec.ports[0].name: Invalid value: "A": a lowercase RFC 1123 label`, `spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
			`spec.ports[0].targetPort: Invalid value: "a_b": must contain only alpha-numeric characters`, `spec.ports[0].appProtocol: Invalid value: "a b": name part must consist of`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, Service, "{metadata: {name: s, namespace: ns}, spec: {type: "+tt.kind+", ports: "+tt.ports+"}}", tt.want...)
		})
	}
}

func TestServiceAddresses(t *testing.T) {
	for spec, want := range map[string][]string{
		`clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "fd00::1"], ipFamilies: [IPv4, IPv6], ipFamilyPolicy: RequireDualStack`: nil,
		`clusterIP: 10.0.0.300`:                                            {`spec.clusterIPs[0]: Invalid value: "10.0.0.300": must be a valid IP address`},
		`clusterIP: 10.0.0.01`:                                             {`spec.clusterIPs[0]: Invalid value: "10.0.0.01": must not have leading 0s`},
		`clusterIP: "fd00:0::1"`:                                           nil,
		`clusterIPs: [10.0.0.1]`:                                           {"spec.clusterIPs: Invalid value: [\"10.0.0.1\"]: must be empty when `clusterIP` is not specified"},
		`clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2]`:                      {"spec.clusterIPs: Invalid value: [\"10.0.0.2\"]: first value must match `clusterIP`"},
		`clusterIP: None, clusterIPs: [None, "fd00::1"]`:                   {`spec.clusterIPs: Invalid value: ["None","fd00::1"]: 'None' must be the first and only value`},
		`clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, None]`:                {`spec.clusterIPs[1]: Invalid value: "None": must be a valid IP address`},
		`clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "fd00::1", 10.0.0.2]`: {`spec.clusterIPs: Invalid value: ["10.0.0.1","fd00::1","10.0.0.2"]: may only hold up to 2 values`},
		`clusterIP: "fd00::1", clusterIPs: ["fd00::1", "fd00::2"], ipFamilies: [IPv4, IPv4, X], ipFamilyPolicy: Both`: {
			`spec.ipFamilies[1]: Duplicate value: "IPv4"`, `spec.ipFamilies[2]: Unsupported value: "X": supported values: "IPv4", "IPv6"`,
			`spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"`,
			`spec.clusterIPs: Invalid value: ["fd00::1","fd00::2"]: may specify no more than one IP for each IP family`,
			"spec.clusterIPs[0]: Invalid value: \"fd00::1\": expected an IPv4 value as indicated by `ipFamilies[0]`",
			"spec.clusterIPs[1]: Invalid value: \"fd00::2\": expected an IPv4 value as indicated by `ipFamilies[1]`"},
		`clusterIP: 10.0.0.1, ipFamilies: [IPv6]`:   {"spec.clusterIPs[0]: Invalid value: \"10.0.0.1\": expected an IPv6 value as indicated by `ipFamilies[0]`"},
		`clusterIP: None, ipFamilies: [IPv6, IPv4]`: nil,
	} {
		apitest.Refused(t, Service, `{metadata: {name: s, namespace: ns}, spec: {ports: [{port: 80}], `+spec+`}}`, want...)
	}
	o := apitest.Parse(t, Service, `{metadata: {name: s, namespace: ns}, spec: {type: ClusterIP, clusterIP: 10.0.0.1, ports: [{port: 1, targetPort: 1, protocol: TCP}], sessionAffinity: None, internalTrafficPolicy: Cluster}}`)
	apitest.Errors(t, Service.Validate(o), "spec.clusterIPs: Required value")
}

func TestServiceStatus(t *testing.T) {
	status := func(kind, was, is string, want ...string) {
		t.Helper()
		text := func(ingress string) string {
			return `{metadata: {name: s, namespace: ns}, spec: {type: ` + kind + `}, status: {loadBalancer: {ingress: [` + ingress + `]}}}`
		}
		apitest.PartUpdated(t, Service, "status", text(was), text(is), want...)
	}
	status("ClusterIP", "", `{ip: 1.1.1.1}`, "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'")
	status("LoadBalancer", "", `{ip: 1.1.1.1, ipMode: Proxy}, {hostname: a.b}`)
	status("LoadBalancer", "", `{ip: x, ipMode: VIP}, {ip: 1.1.1.01, ipMode: VIP}, {ip: 1.1.1.1}, {ipMode: VIP}, {ip: 1.1.1.1, ipMode: Odd}, {hostname: 1.1.1.01}, {hostname: A}`,
		`status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address`,
		`status.loadBalancer.ingress[1].ip: Invalid value: "1.1.1.01": must not have leading 0s`,
		"status.loadBalancer.ingress[2].ipMode: Required value: must be specified when `ip` is set",
		"status.loadBalancer.ingress[3].ipMode: Forbidden: may not be specified when `ip` is not set",
		`status.loadBalancer.ingress[4].ipMode: Unsupported value: "Odd": supported values: "Proxy", "VIP"`,
		`status.loadBalancer.ingress[5].hostname: Invalid value: "1.1.1.01": must be a DNS name, not an IP address`,
		`status.loadBalancer.ingress[6].hostname: Invalid value: "A": a lowercase RFC 1123 subdomain`)
	status("LoadBalancer", `{ip: 1.1.1.01, ipMode: VIP}`, `{ip: 1.1.1.01, ipMode: Proxy}`)
}

func TestServiceWarnings(t *testing.T) {
	for text, want := range map[string][]string{
		`spec: {type: ClusterIP, sessionAffinity: None}`: nil,
		`metadata: {annotations: {service.kubernetes.io/topology-aware-hints: Auto}}, spec: {trafficDistribution: PreferClose}`: {
			"annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead",
			`spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"`},
		`spec: {type: ClusterIP, clusterIP: None, loadBalancerIP: 192.0.2.1, externalIPs: [192.0.2.1], sessionAffinity: ClientIP}`: {
			"spec.loadBalancerIP is ignored for headless services", "spec.externalIPs is ignored for headless services", "spec.SessionAffinity is ignored for headless services"},
		`spec: {type: LoadBalancer, clusterIPs: ["fd00:0::1"], externalIPs: ["fd00:0::2"], loadBalancerIP: "fd00:0::3", loadBalancerSourceRanges: ["fd00:0::/64", x]}`: {
			`spec.clusterIPs[0]: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")`,
			`spec.externalIPs[0]: IPv6 address "fd00:0::2" should be in RFC 5952 canonical format ("fd00::2")`,
			"spec.externalIPs is deprecated and may no longer be implemented in some clusters",
			`spec.loadBalancerIP: IPv6 address "fd00:0::3" should be in RFC 5952 canonical format ("fd00::3")`,
			`spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "fd00:0::/64" should be in RFC 5952 canonical format ("fd00::/64")`},
		`spec: {type: ExternalName, externalIPs: [192.0.2.1]}`: {`spec.externalIPs is ignored when spec.type is "ExternalName"`},
		`spec: {type: ClusterIP, externalName: a}`:             {`spec.externalName is ignored when spec.type is not "ExternalName"`},
	} {
		warned(t, Service.Warnings(apitest.Parse(t, Service, `{`+text+`}`)), want...)
	}
	o := apitest.Parse(t, Service, `{status: {loadBalancer: {ingress: [{hostname: a}, {ip: "fd00:0::1"}]}}}`)
	warned(t, Service.Part("status").Warnings(o), `status.loadBalancer.ingress[1]: IPv6 address "fd00:0::1" should be in RFC 5952 canonical format ("fd00::1")`)
}
