package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// LimitRange bounds what one pod or container may ask for.
var LimitRange = api.Define(api.Kind[*corev1.LimitRange]{
	GVK: gv.WithKind("LimitRange"), Plural: "limitranges", Prefix: "limitranges", Namespaced: true,
	ShortNames: []string{"limits"},
	New:        api.New[corev1.LimitRange], NewList: api.NewList[corev1.LimitRangeList],
	AllowCreateOnUpdate: true,
})
