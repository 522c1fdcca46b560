package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// Binding puts a pod on a node. It is the body of a request and not stored.
var Binding = api.Define(api.Kind[*corev1.Binding]{
	GVK: gv.WithKind("Binding"), Plural: "bindings", Namespaced: true, Verbs: []string{"create"},
	New: api.New[corev1.Binding],
})
