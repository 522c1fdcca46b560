package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// Service names a set of pods by one address.
var Service = api.Define(api.Kind[*corev1.Service]{
	GVK: gv.WithKind("Service"), Plural: "services", Prefix: "services/specs", Namespaced: true,
	ShortNames: []string{"svc"}, Categories: []string{"all"},
	New: api.New[corev1.Service], NewList: api.NewList[corev1.ServiceList],
	AllowCreateOnUpdate: true,
	Parts: []api.PartOf[*corev1.Service]{
		api.Status(func(dst, src *corev1.Service) { dst.Status = src.Status }),
	},
	Subresources: []api.Subresource{api.Proxy("ServiceProxyOptions")},
})
