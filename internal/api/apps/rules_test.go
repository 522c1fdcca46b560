package apps

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"skiff/internal/api/apitest"
)

const workloadSpec = `selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: "i:1"}]}}`

// What Kubernetes says of workloads that are wrong.
func TestStatefulSetRules(t *testing.T) {
	apitest.Refused(t, StatefulSet, `{metadata: {name: s, namespace: ns}, spec: {podManagementPolicy: Some, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: -1, maxUnavailable: 0}},
		persistentVolumeClaimRetentionPolicy: {whenDeleted: Burn}, ordinals: {start: -1}, `+workloadSpec+`}}`,
		`spec.podManagementPolicy: Invalid value: "Some": must be 'OrderedReady' or 'Parallel'`,
		"spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
		"spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0",
		`spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Burn": supported values: "Retain", "Delete"`,
		"spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0")
}

func TestDaemonSetRules(t *testing.T) {
	set := func(strategy string) string {
		return `{metadata: {name: d, namespace: ns}, spec: {updateStrategy: ` + strategy + `, ` + workloadSpec + `}}`
	}
	apitest.Refused(t, DaemonSet, set(`{rollingUpdate: {maxUnavailable: 0, maxSurge: 0}}`), "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0")
	apitest.Refused(t, DaemonSet, set(`{rollingUpdate: {maxUnavailable: 1, maxSurge: 1}}`), "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero")
	apitest.Refused(t, DaemonSet, set(`{rollingUpdate: {maxUnavailable: 101%}}`), `spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%`)
}

func TestWorkloadStatus(t *testing.T) {
	const before = `{metadata: {name: d, namespace: ns, resourceVersion: "1"}, status: {collisionCount: 2}}`
	o := apitest.Parse(t, Deployment, `{metadata: {name: d, namespace: ns, resourceVersion: "1"}, status: {replicas: 1, readyReplicas: 2, availableReplicas: 3, collisionCount: 1}}`).(*appsv1.Deployment)
	apitest.Errors(t, Deployment.Part("status").Validate(o, apitest.Parse(t, Deployment, before)),
		"status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
		"status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
		"status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas",
		"status.collisionCount: Invalid value: 1: cannot be decremented")
	d := apitest.Parse(t, DaemonSet, `{metadata: {name: d, namespace: ns, resourceVersion: "1"}, status: {numberReady: -1}}`)
	apitest.Errors(t, DaemonSet.Part("status").Validate(d, apitest.Parse(t, DaemonSet, before)),
		"status.numberReady: Invalid value: -1: must be greater than or equal to 0", "status.collisionCount: Invalid value: 0: cannot be decremented")
}
