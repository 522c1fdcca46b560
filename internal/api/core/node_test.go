package core

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

func TestNodeCreate(t *testing.T) {
	const info = `nodeInfo: {architecture: "", bootID: "", containerRuntimeVersion: "", kernelVersion: "", kubeProxyVersion: "", kubeletVersion: "", machineID: "", operatingSystem: "", osImage: "", systemUUID: ""}`
	const ends = `daemonEndpoints: {kubeletEndpoint: {Port: 0}}, ` + info
	for name, tt := range map[string]struct{ node, want string }{
		"status given": {
			`spec: {podCIDR: 10.244.0.0/24}, status: {capacity: {cpu: 2}}`,
			`spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24]}, status: {capacity: {cpu: "2"}, allocatable: {cpu: "2"}, ` + ends + `}`,
		},
		"the list alone": {`spec: {podCIDRs: [10.1.0.0/24, fd00::/64]}`, `spec: {podCIDR: 10.1.0.0/24, podCIDRs: [10.1.0.0/24, "fd00::/64"]}, status: {` + ends + `}`},
		"both":           {`spec: {podCIDR: 10.2.0.0/24, podCIDRs: [10.1.0.0/24, fd00::/64]}`, `spec: {podCIDR: 10.2.0.0/24, podCIDRs: [10.2.0.0/24]}, status: {` + ends + `}`},
		"configuration": {
			`spec: {configSource: {}}, status: {config: {error: x}}`, `spec: {}, status: {` + ends + `}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Same(t, apitest.Created(t, Node, `{metadata: {name: a}, `+tt.node+`}`), `{metadata: {name: a}, `+tt.want+`}`)
		})
	}
}

func TestNodeRules(t *testing.T) {
	long := "A" + strings.Repeat("a", 253)
	for name, tt := range map[string]struct {
		node string
		want []string
	}{
		"good": {`spec: {podCIDRs: [10.0.0.0/24, fd00::/64]}, status: {declaredFeatures: [A, B/c], nodeInfo: {swap: {capacity: 1}}}`, nil},
		"taints": {`spec: {taints: [{key: k, effect: NoSchedule}, {key: k, effect: NoSchedule}, {key: k, effect: NoExecute, value: "a b"}, {key: "", effect: Never}, {key: l}]}`, []string{
			`metadata.taints[1]: Duplicate value: {"key":"k","effect":"NoSchedule"}: taints must be unique by key and effect pair`,
			`metadata.taints[2].value: Invalid value: "a b": a valid label must be`,
			`metadata.taints[3].key: Invalid value: "": name part must be non-empty`,
			`metadata.taints[3].key: Invalid value: "": name part must consist of`,
			`metadata.taints[3].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
			`metadata.taints[4].effect: Required value`,
		}},
		"amounts": {`status: {capacity: {pods: -1, cpu: 1}, allocatable: {pods: 500m}}`, []string{
			`status.capacity.pods: Invalid value: "-1": must be greater than or equal to 0`,
			`status.allocatable.pods: Invalid value: "500m": must be an integer`,
		}},
		"swap": {`status: {nodeInfo: {swap: {capacity: 0}}}`, []string{`metadata.nodeSwapStatus.capacity: Invalid value: 0: must be greater than zero`}},
		"features": {`status: {declaredFeatures: [B, A, A, a, B//c, ` + long + `]}`, []string{
			`status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically`,
			`status.declaredFeatures[2]: Duplicate value: "A"`,
			`status.declaredFeatures[3]: Invalid value: "a": invalid feature name "a": must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`,
			`status.declaredFeatures[4]: Invalid value: "B//c": list must be sorted alphabetically`,
			`status.declaredFeatures[4]: Invalid value: "B//c": invalid feature name "B//c": must start with`,
			`status.declaredFeatures[5]: Invalid value: "` + long + `": list must be sorted alphabetically`,
			`status.declaredFeatures[5]: Invalid value: "` + long + `": invalid feature name "` + long + `": must be no more than 253 characters`,
		}},
		"one network": {`spec: {podCIDR: 10.0/24}`, []string{`spec.podCIDRs[0]: Invalid value: "10.0/24": must be a valid CIDR value`}},
		"two of a family": {`spec: {podCIDRs: [10.0.0.0/24, 10.0.1.0/24]}`, []string{
			`spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family`,
		}},
		"three": {`spec: {podCIDRs: [10.0.0.0/24, fd00::/64, fd01::/64]}`, []string{`spec.podCIDRs: Invalid value: ["10.0.0.0/24","fd00::/64","fd01::/64"]: may specify no more`}},
		"two, one bad": {`spec: {podCIDRs: [10.0.0.0/24, x]}`, []string{
			`spec.podCIDRs[1]: Invalid value: "x": must be a valid CIDR value`,
			`spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[1]`,
			`spec.podCIDRs: Invalid value: ["10.0.0.0/24","x"]: may specify no more than one CIDR for each IP family`,
		}},
		"preemption": {`spec: {podPreemptionPolicy: {disableResizePreemption: [a]}}`, []string{`spec.podPreemptionPolicy: Forbidden`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, Node, `{metadata: {name: a}, `+tt.node+`}`, tt.want...)
		})
	}
}

func TestNodeAnnotations(t *testing.T) {
	for name, tt := range map[string]struct {
		annotation string
		want       []string
	}{
		"taints": {`scheduler.alpha.kubernetes.io/taints: '[{"key":"k","effect":"Never"}]'`, []string{
			`metadata.annotations.scheduler.alpha.kubernetes.io/taints[0].effect: Unsupported value: "Never"`,
		}},
		"no taints":   {`scheduler.alpha.kubernetes.io/taints: x`, []string{`metadata.annotations: Invalid value: "scheduler.alpha.kubernetes.io/taints": invalid character 'x'`}},
		"none at all": {`scheduler.alpha.kubernetes.io/taints: "", scheduler.alpha.kubernetes.io/preferAvoidPods: ""`, nil},
		"pods to avoid": {`scheduler.alpha.kubernetes.io/preferAvoidPods: '{"preferAvoidPods":[{"podSignature":{}},{"podSignature":{"podController":{"controller":false}}},{"podSignature":{"podController":{"controller":true}}}]}'`, []string{
			`metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[0].PodSignature: Required value`,
			`metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[1].PodSignature.PodController.Controller: Invalid value: false: must point to a controller`,
		}},
		"no pods to avoid": {`scheduler.alpha.kubernetes.io/preferAvoidPods: x`, []string{`metadata.annotations.AvoidPods: Invalid value: "scheduler.alpha.kubernetes.io/preferAvoidPods": invalid character 'x'`}},
	} {
		t.Run(name, func(t *testing.T) {
			node := `{metadata: {name: a, annotations: {` + tt.annotation + `}}}`
			apitest.Refused(t, Node, node, tt.want...)
			apitest.PartUpdated(t, Node, "status", `{metadata: {name: a}}`, node, tt.want...)
		})
	}
}

func TestNodeUpdate(t *testing.T) {
	node := func(rest string) string { return `{metadata: {name: a}, ` + rest + `}` }
	for name, tt := range map[string]struct {
		old, node string
		want      []string
	}{
		"first": {`spec: {}`, `spec: {podCIDR: 10.244.1.0/24, providerID: x, unschedulable: true, taints: [{key: k, effect: NoExecute}]}`, nil},
		"networks and provider": {`spec: {podCIDR: 10.244.0.0/24, providerID: x}`, `spec: {podCIDR: 10.244.1.0/24}`, []string{
			`spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid`,
			`spec.providerID: Forbidden: node updates may not change providerID except from "" to valid`,
		}},
		"two networks": {`spec: {podCIDRs: [10.0.0.0/24, fd00::/64]}`, `spec: {podCIDRs: [10.0.1.0/24, fd01::/64]}`, []string{
			`spec.podCIDRs: Forbidden: node updates may not change podCIDR`, `spec.podCIDRs: Forbidden: node updates may not change podCIDR`,
		}},
		"one more network":           {`spec: {podCIDR: 10.0.0.0/24}`, `spec: {podCIDRs: [10.0.0.0/24, fd00::/64]}`, []string{`spec.podCIDRs: Forbidden: node updates may not change podCIDR`}},
		"external ID":                {`spec: {}`, `spec: {externalID: x}`, []string{"spec.externalID: Forbidden: may not be updated"}},
		"preemption":                 {`spec: {}`, `spec: {podPreemptionPolicy: {}}`, []string{`spec.podPreemptionPolicy: Forbidden`}},
		"status is not its business": {`status: {addresses: [{type: Hostname, address: a}]}`, `status: {addresses: [{type: Hostname, address: b}, {type: Hostname, address: b}]}`, nil},
		"a new configuration":        {`spec: {}`, `spec: {configSource: {}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Updated(t, Node, node(tt.old), node(tt.node), tt.want...)
		})
	}
}

// A policy that is there already, from times when it was tried out, is left in peace.
func TestNodePreemptionThatIsThere(t *testing.T) {
	o := apitest.Parse(t, Node, `{metadata: {name: a, resourceVersion: "1"}, spec: {podPreemptionPolicy: {disableResizePreemption: [a]}}}`)
	apitest.Errors(t, append(Node.Validate(o), Node.ValidateUpdate(o, o)...))
}

func TestNodeConfigs(t *testing.T) {
	const good = `configMap: {namespace: ns, name: c, kubeletConfigKey: k`
	old := apitest.Parse(t, Node, `{metadata: {name: a, resourceVersion: "1"}, spec: {configSource: {`+good+`}}}, status: {config: {assigned: {`+good+`, uid: u, resourceVersion: "1"}}}}}`).(*corev1.Node)
	for name, tt := range map[string]struct {
		node string
		want []string
	}{
		"good":    {`spec: {configSource: {` + good + `}}}, status: {config: {active: {` + good + `, uid: u, resourceVersion: "1"}}}}`, nil},
		"nothing": {`spec: {configSource: {}}`, []string{`spec.configSource: Invalid value: {}: exactly one reference subfield must be non-nil`}},
		"a version": {`spec: {configSource: {` + good + `, uid: u, resourceVersion: "1"}}}`, []string{
			"spec.configSource.configMap.uid: Forbidden: uid must not be set in spec",
			"spec.configSource.configMap.resourceVersion: Forbidden: resourceVersion must not be set in spec",
		}},
		"no version": {`status: {config: {assigned: {` + good + `}}, active: {}, lastKnownGood: {configMap: {namespace: Ns, name: C, kubeletConfigKey: a/b}}}}`, []string{
			"status.config.assigned.configMap.uid: Required value",
			"status.config.assigned.configMap.resourceVersion: Required value",
			"status.config.active: Invalid value: {}: exactly one reference subfield must be non-nil",
			"status.config.lastKnownGood.configMap.uid: Required value",
			"status.config.lastKnownGood.configMap.resourceVersion: Required value",
			`status.config.lastKnownGood.configMap.namespace: Invalid value: "Ns": a lowercase RFC 1123 label must consist of`,
			`status.config.lastKnownGood.configMap.name: Invalid value: "C": a lowercase RFC 1123 subdomain must consist of`,
			`status.config.lastKnownGood.configMap.kubeletConfigKey: Invalid value: "a/b": a valid config key must consist of`,
		}},
		"no names": {`spec: {configSource: {configMap: {}}}`, []string{
			"spec.configSource.configMap.namespace: Required value", "spec.configSource.configMap.name: Required value", "spec.configSource.configMap.kubeletConfigKey: Required value",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := apitest.Parse(t, Node, `{metadata: {name: a, resourceVersion: "1"}, `+tt.node+`}`)
			apitest.Errors(t, Node.ValidateUpdate(o, old), tt.want...)
		})
	}
	kept := apitest.Parse(t, Node, `{spec: {configSource: {}}}`).(*corev1.Node)
	if Node.PrepareUpdate(kept, old); kept.Spec.ConfigSource == nil {
		t.Error("a node lost the configuration that it had")
	}
	fresh := apitest.Parse(t, Node, `{}`).(*corev1.Node)
	if Node.Part("status").Copy(fresh, old.DeepCopy()); fresh.Status.Config != nil {
		t.Error("a node got the state of a configuration that it had not")
	}
	again := old.DeepCopy()
	if Node.Part("status").Copy(again, old.DeepCopy()); again.Status.Config == nil {
		t.Error("a node lost the state of its configuration")
	}
	if Node.PrepareUpdate(kept, old); kept.Status.Config == nil {
		t.Error("an ordinary update took the state of the configuration")
	}
}

func TestNodeStatus(t *testing.T) {
	const old = `{metadata: {name: a, finalizers: [x/y]}, spec: {podCIDR: 10.0.0.0/24, taints: [{key: k, effect: Never}]}}`
	apitest.PartUpdated(t, Node, "status", old, `{metadata: {name: a}, spec: {providerID: ignored}, status: {capacity: {pods: -1}, declaredFeatures: [a], nodeInfo: {swap: {capacity: 0}},
		addresses: [{type: Hostname, address: a}, {type: Hostname, address: a}]}}`,
		`status.capacity.pods: Invalid value: "-1": must be greater than or equal to 0`,
		`status.declaredFeatures[0]: Invalid value: "a": invalid feature name "a": must start with`,
		`status.addresses[1]: Duplicate value: {"type":"Hostname","address":"a"}`,
		`metadata.taints[0].effect: Unsupported value: "Never"`)
	apitest.PartUpdated(t, Node, "status", `{metadata: {name: a}, status: {config: {}}}`, `{metadata: {name: a}, status: {config: {active: {}}}}`,
		"status.config.active: Invalid value: {}: exactly one reference subfield must be non-nil")
	o := apitest.PartUpdated(t, Node, "status", `{metadata: {name: a, finalizers: [x/y]}}`, `{metadata: {name: a, labels: {l: v}, annotations: {m: v}, ownerReferences: [{apiVersion: v1, kind: X, name: x, uid: u}]}, status: {phase: Running}}`).(*corev1.Node)
	if o.Labels["l"] != "v" || o.Annotations["m"] != "v" || len(o.Finalizers) != 0 || len(o.OwnerReferences) != 1 || o.Status.Phase != "Running" {
		t.Errorf("%+v", o)
	}
}

func TestNodeWarnings(t *testing.T) {
	got := Node.Warnings(apitest.Parse(t, Node, `{spec: {externalID: x, configSource: {}, podCIDRs: [10.0.0.1/24, x, fd00::/64]}}`))
	want := []string{
		"spec.configSource: the feature is removed",
		"spec.externalID: this field is deprecated, and is unused by Kubernetes",
		`spec.podCIDRs[0]: CIDR value "10.0.0.1/24" is ambiguous in this context`,
	}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
}

func TestNodeRow(t *testing.T) {
	apitest.Row(t, Node, `{metadata: {name: a}}`, "a | Unknown | <none> | <unknown> |  | <none> | <none> | <unknown> | <unknown> | <unknown>")
	apitest.Row(t, Node, `{metadata: {name: a}, spec: {unschedulable: true}}`, "a | Unknown,SchedulingDisabled | <none> | <unknown> |  | <none> | <none> | <unknown> | <unknown> | <unknown>")
	apitest.Row(t, Node, `{metadata: {name: a, labels: {node-role.kubernetes.io/: x, kubernetes.io/role: old}}, status: {conditions: [{type: Ready, status: Unknown}], addresses: [{type: ExternalIP, address: 1.1.1.1}, {type: ExternalIP, address: 1.1.1.2}]}}`,
		"a | NotReady | old | <unknown> |  | <none> | 1.1.1.1 | <unknown> | <unknown> | <unknown>")
	apitest.Row(t, Node, `
metadata: {name: b, labels: {node-role.kubernetes.io/worker: "", node-role.kubernetes.io/control-plane: ""}}
spec: {unschedulable: true}
status:
  conditions: [{type: Ready, status: "True"}]
  addresses: [{type: InternalIP, address: 10.0.0.1}]
  nodeInfo: {kubeletVersion: v1.37.2, osImage: Debian, kernelVersion: "6.1", containerRuntimeVersion: "containerd://2.4"}
`, "b | Ready,SchedulingDisabled | control-plane,worker | <unknown> | v1.37.2 | 10.0.0.1 | <none> | Debian | 6.1 | containerd://2.4")
}
