package apiregistration

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"skiff/internal/api/apitest"
)

const remote = `{metadata: {name: v1beta1.metrics.k8s.io}, spec: {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, caBundle: Q0E=, service: {namespace: kube-system, name: metrics}}}`

func TestAPIService(t *testing.T) {
	apitest.Refused(t, APIService, remote)
	apitest.Same(t, apitest.Created(t, APIService, remote), `{metadata: {name: v1beta1.metrics.k8s.io}, spec: {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100,
		versionPriority: 100, caBundle: Q0E=, service: {namespace: kube-system, name: metrics, port: 443}}, status: {}}`)
	apitest.Refused(t, APIService, `{metadata: {name: v1.other}, spec: {group: metrics.k8s.io, version: V1, groupPriorityMinimum: 0, versionPriority: 1001, caBundle: Q0E=}}`,
		"metadata.name: Invalid value: \"v1.other\": must be `spec.version+\".\"+spec.group`: \"V1.metrics.k8s.io\"",
		`spec.version: Invalid value: "V1"`, "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000",
		"spec.versionPriority: Invalid value: 1001: must be positive and less than 1000", `spec.caBundle: Invalid value: "<bytes>": local APIServices may not have a caBundle`)
	apitest.Row(t, APIService, `{metadata: {name: remote}, spec: {service: {namespace: a, name: b}}, status: {conditions: [{type: Available, status: "False", reason: MissingEndpoints}]}}`,
		"remote | a/b | False (MissingEndpoints) | <unknown>")
}

func TestProtobuf(t *testing.T) {
	o := apitest.Created(t, APIService, remote).(*Object)
	o.Status.Conditions = []Condition{{Type: Available, Status: "True"}}
	data, err := o.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got := &Object{}
	if err := got.Unmarshal(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o, got); diff != "" {
		t.Errorf("(-wrote +read)\n%s", diff)
	}
	if diff := cmp.Diff(o, o.DeepCopy()); diff != "" {
		t.Errorf("the copy differs: %s", diff)
	}
	for n := range data {
		_ = new(Object).Unmarshal(data[:n]) // must not panic on what was cut off
	}
}
