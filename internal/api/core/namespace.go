package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// Namespace is a scope for names.
var Namespace = api.Define(api.Kind[*corev1.Namespace]{
	GVK: gv.WithKind("Namespace"), Plural: "namespaces", Prefix: "namespaces",
	ShortNames: []string{"ns"},
	New:        api.New[corev1.Namespace], NewList: api.NewList[corev1.NamespaceList],
	Parts: []api.PartOf[*corev1.Namespace]{
		api.Status(func(dst, src *corev1.Namespace) { dst.Status = src.Status }),
		{
			Name: "finalize", NoRead: true,
			Copy: func(dst, src *corev1.Namespace) { dst.Spec.Finalizers = src.Spec.Finalizers },
		},
	},
	Verbs: []string{"create", "delete", "get", "list", "patch", "update", "watch"},
})
