package core

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

func TestNamespaceCreate(t *testing.T) {
	for name, tt := range map[string]struct{ namespace, want string }{
		"its own phase and label": {
			`{metadata: {name: dev}, status: {phase: Terminating, conditions: [{type: x, status: "True"}]}}`,
			`{metadata: {name: dev, labels: {kubernetes.io/metadata.name: dev}}, spec: {finalizers: [kubernetes]}, status: {phase: Active}}`,
		},
		"finalizers of others": {
			`{metadata: {name: dev, labels: {kubernetes.io/metadata.name: other, a: b}}, spec: {finalizers: [x/y]}}`,
			`{metadata: {name: dev, labels: {kubernetes.io/metadata.name: dev, a: b}}, spec: {finalizers: [x/y, kubernetes]}, status: {phase: Active}}`,
		},
		"no name yet": {`{metadata: {generateName: d-}}`, `{metadata: {generateName: d-}, spec: {finalizers: [kubernetes]}, status: {phase: Active}}`},
	} {
		t.Run(name, func(t *testing.T) { apitest.Same(t, apitest.Created(t, Namespace, tt.namespace), tt.want) })
	}
}

func TestNamespaceRules(t *testing.T) {
	apitest.Refused(t, Namespace, `{metadata: {name: a}, spec: {finalizers: [kubernetes, orphan, foregroundDeletion, x/y]}}`)
	apitest.Refused(t, Namespace, `{metadata: {name: a.b}, spec: {finalizers: [odd, "a b"]}}`,
		`metadata.name: Invalid value: "a.b": must not contain dots`,
		`spec.finalizers[0]: Invalid value: "odd": name is neither a standard finalizer name nor is it fully qualified`,
		`spec.finalizers[1]: Invalid value: "a b": name part must consist of`,
		`spec.finalizers[1]: Invalid value: "a b": name is neither a standard finalizer name nor is it fully qualified`)
	apitest.Refused(t, Namespace, `{metadata: {name: a, namespace: b}}`, "metadata.namespace: Forbidden: not allowed on this type")
}

func TestNamespaceDeletion(t *testing.T) {
	o := apitest.Created(t, Namespace, `{metadata: {name: dev}}`).(*corev1.Namespace)
	if Namespace.Deleting(o) || o.Status.Phase != corev1.NamespaceTerminating {
		t.Errorf("a namespace that is not empty may go: %+v", o)
	}
	update := o.DeepCopy()
	update.Spec.Finalizers, update.Status.Phase = nil, corev1.NamespaceActive
	Namespace.PrepareUpdate(update, o)
	if len(update.Spec.Finalizers) != 1 || update.Status.Phase != corev1.NamespaceTerminating {
		t.Error("an ordinary update took the finalizer away, or changed the status")
	}
	finalize := Namespace.Part("finalize")
	finalize.Copy(o, apitest.Parse(t, Namespace, `{metadata: {name: dev}}`))
	if !Namespace.Deleting(o) {
		t.Error("a finalized namespace may not go")
	}
}

func TestNamespaceFinalize(t *testing.T) {
	const old = `{metadata: {name: dev, finalizers: [x/y]}, spec: {finalizers: [kubernetes]}, status: {phase: Terminating}}`
	o := apitest.PartUpdated(t, Namespace, "finalize", old, `{metadata: {name: dev, labels: {a: b}}, spec: {finalizers: [x/y]}, status: {phase: Active}}`).(*corev1.Namespace)
	if o.Labels["a"] != "b" || o.Labels[corev1.LabelMetadataName] != "dev" || len(o.Finalizers) != 0 || o.Spec.Finalizers[0] != "x/y" || o.Status.Phase != corev1.NamespaceTerminating {
		t.Errorf("%+v", o)
	}
	apitest.PartUpdated(t, Namespace, "finalize", old, `{metadata: {name: dev}, spec: {finalizers: [odd]}}`,
		`spec.finalizers[0]: Invalid value: "odd": name is neither a standard finalizer name nor is it fully qualified`)
}

func TestNamespaceStatus(t *testing.T) {
	const living, leaving = `{metadata: {name: a, finalizers: [x/y]}, spec: {finalizers: [kubernetes]}}`, `{metadata: {name: a, deletionTimestamp: "2000-01-01T00:00:00Z"}}`
	const active, terminating = `{metadata: {name: a, labels: {a: b}}, status: {phase: Active}}`, `{metadata: {name: a}, status: {phase: Terminating}}`
	o := apitest.PartUpdated(t, Namespace, "status", living, active).(*corev1.Namespace)
	if o.Labels["a"] != "b" || len(o.Finalizers) != 0 || len(o.Spec.Finalizers) != 1 {
		t.Errorf("%+v", o)
	}
	apitest.PartUpdated(t, Namespace, "status", leaving, terminating)
	apitest.PartUpdated(t, Namespace, "status", living, terminating, "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty")
	apitest.PartUpdated(t, Namespace, "status", leaving, active, "status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty")
}

func TestNamespaceRow(t *testing.T) {
	apitest.Row(t, Namespace, `{metadata: {name: dev}, status: {phase: Active}}`, "dev | Active | <unknown>")
}
