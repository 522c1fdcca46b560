package core

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/apitest"
)

func TestNamespaceCreate(t *testing.T) {
	apitest.Same(t, apitest.Created(t, Namespace, `{metadata: {name: dev}, status: {phase: Terminating}}`),
		`{metadata: {name: dev, labels: {kubernetes.io/metadata.name: dev}}, spec: {finalizers: [kubernetes]}, status: {phase: Active}}`)
	apitest.Refused(t, Namespace, `{metadata: {name: a.b}, spec: {finalizers: [odd]}}`,
		`metadata.name: Invalid value: "a.b": must not contain dots`,
		`spec.finalizers[0]: Invalid value: "odd": name is neither a standard finalizer name nor is it fully qualified`)
}

func TestNamespaceDeletion(t *testing.T) {
	o := apitest.Created(t, Namespace, `{metadata: {name: dev}}`).(*corev1.Namespace)
	if Namespace.Deleting(o) || o.Status.Phase != corev1.NamespaceTerminating {
		t.Errorf("a namespace that is not empty may go: %+v", o)
	}
	update := o.DeepCopy()
	update.Spec.Finalizers = nil
	Namespace.PrepareUpdate(update, o)
	if len(update.Spec.Finalizers) != 1 {
		t.Error("an ordinary update took the finalizer away")
	}
	finalize := Namespace.Part("finalize")
	finalize.Copy(o, &corev1.Namespace{})
	if !Namespace.Deleting(o) {
		t.Error("a finalized namespace may not go")
	}
}

func TestNamespaceStatus(t *testing.T) {
	rules := Namespace.Part("status").Validate
	o := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "1"}, Status: corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating}}
	apitest.Errors(t, rules(o, o), "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty")
	o.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	apitest.Errors(t, rules(o, o))
}

func TestNamespaceRow(t *testing.T) {
	apitest.Row(t, Namespace, `{metadata: {name: dev}, status: {phase: Active}}`, "dev | Active | <unknown>")
}
