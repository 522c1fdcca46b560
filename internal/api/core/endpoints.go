package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// Endpoints lists the addresses behind a Service, all in one object.
var Endpoints = api.Define(api.Kind[*corev1.Endpoints]{
	GVK: gv.WithKind("Endpoints"), Plural: "endpoints", Prefix: "services/endpoints", Namespaced: true,
	ShortNames: []string{"ep"},
	New:        api.New[corev1.Endpoints], NewList: api.NewList[corev1.EndpointsList],
	AllowCreateOnUpdate: true,
})
