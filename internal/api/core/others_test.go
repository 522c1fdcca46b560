package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestBinding(t *testing.T) {
	apitest.Errors(t, Binding.Validate(apitest.Parse(t, Binding, `{target: {kind: Pod}}`)),
		`target.kind: Unsupported value: "Pod": supported values: "Node"`, "target.name: Required value")
}

func TestReplicationController(t *testing.T) {
	apitest.Same(t, apitest.Created(t, ReplicationController, `{metadata: {name: r}, spec: {template: {metadata: {labels: {a: b}}, spec: {containers: []}}}}`),
		`{metadata: {name: r, labels: {a: b}}, spec: {replicas: 1, selector: {a: b}, template: {metadata: {labels: {a: b}},
		  spec: {containers: [], dnsPolicy: ClusterFirst, restartPolicy: Always, schedulerName: default-scheduler, securityContext: {}, terminationGracePeriodSeconds: 30}}}, status: {replicas: 0}}`)
	apitest.Refused(t, ReplicationController, `{metadata: {name: r, namespace: ns}}`, "spec.selector: Required value", "spec.template: Required value")
	apitest.Row(t, ReplicationController, `{metadata: {name: r}, spec: {replicas: 2, selector: {a: b}}, status: {replicas: 1}}`, "r | 2 | 1 | 0 | <unknown> |  |  | a=b")
}

func TestReplicationControllerStatus(t *testing.T) {
	o := apitest.Parse(t, ReplicationController, `{metadata: {name: r, namespace: ns, resourceVersion: "1"}, status: {replicas: 1, readyReplicas: 2}}`)
	apitest.Errors(t, ReplicationController.Part("status").Validate(o, o), "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas")
}

func TestPodTemplate(t *testing.T) {
	apitest.Refused(t, PodTemplate, `{metadata: {name: t, namespace: ns}}`, "template.spec.containers: Required value")
}
