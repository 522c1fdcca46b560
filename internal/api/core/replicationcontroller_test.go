package core

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

func TestReplicationControllerRules(t *testing.T) {
	const template = `template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]`
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"good":     {template + `}}`, nil},
		"nothing":  {`replicas: -1, minReadySeconds: -1`, []string{"spec.selector: Required value", "spec.template: Required value", "spec.replicas: Invalid value: -1: must be greater than or equal to 0", "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"}},
		"selector": {`selector: {a: c}, ` + template + `}}`, []string{"spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"}},
		"template": {template + `, restartPolicy: Never, activeDeadlineSeconds: 0}}`, []string{
			"spec.template.spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
			`spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"`,
			"spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, ReplicationController, `{metadata: {name: r, namespace: ns}, spec: {`+tt.spec+`}}`, tt.want...)
		})
	}
}

func TestReplicationControllerStatusRules(t *testing.T) {
	const old = `{metadata: {name: r, namespace: ns, finalizers: [x/y]}, spec: {replicas: 3}}`
	apitest.PartUpdated(t, ReplicationController, "status", old, `{metadata: {name: r, namespace: ns}, status: {replicas: -1, fullyLabeledReplicas: -1, readyReplicas: -2, availableReplicas: -1, observedGeneration: -1}}`,
		"status.replicas: Invalid value: -1: must be greater than or equal to 0",
		"status.fullyLabeledReplicas: Invalid value: -1: must be greater than or equal to 0",
		"status.readyReplicas: Invalid value: -2: must be greater than or equal to 0",
		"status.availableReplicas: Invalid value: -1: must be greater than or equal to 0",
		"status.observedGeneration: Invalid value: -1: must be greater than or equal to 0",
		"status.availableReplicas: Invalid value: -1: cannot be greater than readyReplicas")
	apitest.PartUpdated(t, ReplicationController, "status", old, `{metadata: {name: r, namespace: ns}, status: {replicas: 1, fullyLabeledReplicas: 2, readyReplicas: 3, availableReplicas: 4}}`,
		"status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas",
		"status.readyReplicas: Invalid value: 3: cannot be greater than status.replicas",
		"status.availableReplicas: Invalid value: 4: cannot be greater than status.replicas",
		"status.availableReplicas: Invalid value: 4: cannot be greater than readyReplicas")
	o := apitest.PartUpdated(t, ReplicationController, "status", old, `{metadata: {name: r, namespace: ns, labels: {a: b}}, spec: {replicas: 9}, status: {replicas: 1}}`).(*corev1.ReplicationController)
	if *o.Spec.Replicas != 3 || o.Status.Replicas != 1 || o.Labels["a"] != "b" || len(o.Finalizers) != 0 {
		t.Errorf("%+v", o)
	}
}

func TestReplicationControllerWarnings(t *testing.T) {
	for text, want := range map[string]string{
		`{metadata: {name: a}}`:   "",
		`{metadata: {name: a.b}}`: "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
	} {
		if got := strings.Join(ReplicationController.Warnings(apitest.Parse(t, ReplicationController, text)), " "); got != want {
			t.Errorf("%s: %s", text, got)
		}
		if o := apitest.Parse(t, ReplicationController, text); len(ReplicationController.UpdateWarnings(o, o)) > 0 {
			t.Errorf("%s: warned of what has not changed", text)
		}
	}
}

func TestReplicationControllerRow(t *testing.T) {
	apitest.Row(t, ReplicationController, `{metadata: {name: r}, spec: {replicas: 2, selector: {a: b, c: d}, template: {spec: {containers: [{name: x, image: "x:1"}, {name: "y", image: "y:1"}]}}}, status: {replicas: 1, readyReplicas: 1}}`,
		"r | 2 | 1 | 1 | <unknown> | x,y | x:1,y:1 | a=b,c=d")
}

func TestPodTemplateRow(t *testing.T) {
	apitest.Row(t, PodTemplate, `{metadata: {name: t}, template: {metadata: {labels: {b: "2", a: "1"}}, spec: {containers: [{name: x, image: "x:1"}]}}}`, "t | x | x:1 | a=1,b=2")
	apitest.Row(t, PodTemplate, `{metadata: {name: t}}`, "t |  |  | <none>")
}
