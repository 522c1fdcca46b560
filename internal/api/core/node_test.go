package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestNodeCreate(t *testing.T) {
	apitest.Same(t, apitest.Created(t, Node, `{metadata: {name: a}, spec: {podCIDR: 10.244.0.0/24}, status: {capacity: {cpu: 2}}}`),
		`{metadata: {name: a}, spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24]},
		  status: {capacity: {cpu: "2"}, allocatable: {cpu: "2"}, daemonEndpoints: {kubeletEndpoint: {Port: 0}},
		  nodeInfo: {architecture: "", bootID: "", containerRuntimeVersion: "", kernelVersion: "", kubeProxyVersion: "", kubeletVersion: "", machineID: "", operatingSystem: "", osImage: "", systemUUID: ""}}}`)
}

func TestNodeValidation(t *testing.T) {
	apitest.Refused(t, Node, `{metadata: {name: a}, spec: {podCIDR: 10.0/24, taints: [{key: k, effect: NoSchedule}, {key: k, effect: NoSchedule}, {key: "", effect: Never}]}}`,
		`metadata.taints[1]: Duplicate value: {"key":"k","effect":"NoSchedule"}: taints must be unique by key and effect pair`,
		`metadata.taints[2].key: Invalid value: "": name part must be non-empty`,
		`metadata.taints[2].key: Invalid value: "": name part must consist of`,
		`metadata.taints[2].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
		`spec.podCIDRs[0]: Invalid value: "10.0/24": must be a valid CIDR value`)
	apitest.Refused(t, Node, `{metadata: {name: a}, spec: {podCIDRs: [10.0.0.0/24, 10.0.1.0/24]}, status: {capacity: {pods: -1, cpu: 1}, allocatable: {pods: 500m}}}`,
		`status.capacity.pods: Invalid value: "-1": must be greater than or equal to 0`,
		`status.allocatable.pods: Invalid value: "500m": must be an integer`,
		`spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family`)
	apitest.Updated(t, Node, `{metadata: {name: a}, spec: {podCIDR: 10.244.0.0/24, providerID: x}}`, `{metadata: {name: a}, spec: {podCIDR: 10.244.1.0/24}}`,
		`spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid`,
		`spec.providerID: Forbidden: node updates may not change providerID except from "" to valid`)
	apitest.Updated(t, Node, `{metadata: {name: a}}`, `{metadata: {name: a}, spec: {podCIDR: 10.244.1.0/24, unschedulable: true}}`)
}

func TestNodeRow(t *testing.T) {
	apitest.Row(t, Node, `{metadata: {name: a}}`, "a | Unknown | <none> | <unknown> |  | <none> | <none> | <unknown> | <unknown> | <unknown>")
	apitest.Row(t, Node, `
metadata: {name: b, labels: {node-role.kubernetes.io/worker: "", node-role.kubernetes.io/control-plane: ""}}
spec: {unschedulable: true}
status:
  conditions: [{type: Ready, status: "True"}]
  addresses: [{type: InternalIP, address: 10.0.0.1}]
  nodeInfo: {kubeletVersion: v1.37.2, osImage: Debian, kernelVersion: "6.1", containerRuntimeVersion: "containerd://2.4"}
`, "b | Ready,SchedulingDisabled | control-plane,worker | <unknown> | v1.37.2 | 10.0.0.1 | <none> | Debian | 6.1 | containerd://2.4")
}
