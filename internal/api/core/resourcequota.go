package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// ResourceQuota bounds what a namespace may hold.
var ResourceQuota = api.Define(api.Kind[*corev1.ResourceQuota]{
	GVK: gv.WithKind("ResourceQuota"), Plural: "resourcequotas", Prefix: "resourcequotas", Namespaced: true,
	ShortNames: []string{"quota"},
	New:        api.New[corev1.ResourceQuota], NewList: api.NewList[corev1.ResourceQuotaList],
	Parts: []api.PartOf[*corev1.ResourceQuota]{
		api.Status(func(dst, src *corev1.ResourceQuota) { dst.Status = src.Status }),
	},
})
