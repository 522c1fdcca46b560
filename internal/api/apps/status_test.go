package apps

import (
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

const negative = ": Invalid value: -1: must be greater than or equal to 0"

// Counts of a status are judged in the order of these lists; then how they
// compare.
func TestWorkloadStatus(t *testing.T) {
	for _, c := range []struct {
		r      *api.Resource
		status string
		want   []string
	}{
		{Deployment, `{observedGeneration: -1, replicas: -1, updatedReplicas: -1, readyReplicas: -1, availableReplicas: -1, unavailableReplicas: -1, terminatingReplicas: -1, collisionCount: -1}`,
			[]string{"observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "terminatingReplicas", "collisionCount"}},
		{ReplicaSet, `{replicas: -1, fullyLabeledReplicas: -1, readyReplicas: -1, availableReplicas: -1, observedGeneration: -1, terminatingReplicas: -1}`,
			[]string{"replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration", "terminatingReplicas"}},
		{StatefulSet, `{replicas: -1, readyReplicas: -1, currentReplicas: -1, updatedReplicas: -1, availableReplicas: -1, observedGeneration: -1, collisionCount: -1}`,
			[]string{"replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration", "collisionCount"}},
		{DaemonSet, `{currentNumberScheduled: -1, numberMisscheduled: -1, desiredNumberScheduled: -1, numberReady: -1, observedGeneration: -1, updatedNumberScheduled: -1, numberAvailable: -1, numberUnavailable: -1, collisionCount: -1}`,
			[]string{"currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount"}},
	} {
		for i, name := range c.want {
			c.want[i] = "status." + name + negative
		}
		changeStatus(t, c.r, `{}`, c.status, c.want...)
	}
}

func changeStatus(t *testing.T, r *api.Resource, old, status string, want ...string) {
	t.Helper()
	const head = `{metadata: {name: d, namespace: ns}, status: `
	apitest.PartUpdated(t, r, "status", head+old+`}`, head+status+`}`, want...)
}

func TestCountsCompare(t *testing.T) {
	const replicas, decremented = "cannot be greater than status.replicas", "status.collisionCount: Invalid value: 1: cannot be decremented"
	changeStatus(t, Deployment, `{collisionCount: 2}`, `{replicas: 1, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 3, collisionCount: 1}`,
		"status.updatedReplicas: Invalid value: 2: "+replicas, "status.readyReplicas: Invalid value: 2: "+replicas, "status.availableReplicas: Invalid value: 3: "+replicas,
		"status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas", decremented)
	changeStatus(t, ReplicaSet, `{}`, `{replicas: 1, fullyLabeledReplicas: 2, readyReplicas: 2, availableReplicas: 3}`,
		"status.fullyLabeledReplicas: Invalid value: 2: "+replicas, "status.readyReplicas: Invalid value: 2: "+replicas, "status.availableReplicas: Invalid value: 3: "+replicas,
		"status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas")
	changeStatus(t, StatefulSet, `{collisionCount: 2}`, `{replicas: 1, readyReplicas: 2, currentReplicas: 2, updatedReplicas: 2, availableReplicas: 3, collisionCount: 1}`,
		"status.readyReplicas: Invalid value: 2: "+replicas, "status.currentReplicas: Invalid value: 2: "+replicas, "status.updatedReplicas: Invalid value: 2: "+replicas,
		"status.availableReplicas: Invalid value: 3: "+replicas, "status.availableReplicas: Invalid value: 3: cannot be greater than status.readyReplicas", decremented)
	changeStatus(t, DaemonSet, `{collisionCount: 2}`, `{}`, "status.collisionCount: Invalid value: 0: cannot be decremented")
	changeStatus(t, DaemonSet, `{collisionCount: 2}`, `{collisionCount: 2}`)
}

// A write of status brings labels and annotations along, but for what stands in
// for the spec.
func TestStatusBringsMetadata(t *testing.T) {
	const (
		old = `{metadata: {name: d, namespace: ns, labels: {a: b}, annotations: {deprecated.daemonset.template.generation: "3"}}}`
		new = `{metadata: {name: d, namespace: ns, labels: {c: d}, annotations: {e: f, deprecated.daemonset.template.generation: "7"}}}`
	)
	for _, c := range []struct {
		r                 *api.Resource
		label, generation string
	}{{Deployment, "a", "7"}, {ReplicaSet, "c", "7"}, {StatefulSet, "c", "7"}, {DaemonSet, "c", "3"}} {
		o := apitest.PartUpdated(t, c.r, "status", old, new)
		if o.GetLabels()[c.label] == "" || o.GetAnnotations()["e"] != "f" || o.GetAnnotations()["deprecated.daemonset.template.generation"] != c.generation {
			t.Errorf("%s: labels %v, annotations %v", c.r.Kind, o.GetLabels(), o.GetAnnotations())
		}
	}
}
