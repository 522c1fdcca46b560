package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// Event tells what happened to an object.
var Event = api.Define(api.Kind[*corev1.Event]{
	GVK: gv.WithKind("Event"), Plural: "events", Prefix: "events", Namespaced: true,
	ShortNames: []string{"ev"},
	New:        api.New[corev1.Event], NewList: api.NewList[corev1.EventList],
	AllowCreateOnUpdate: true,
	TTL:                 3600,
})
