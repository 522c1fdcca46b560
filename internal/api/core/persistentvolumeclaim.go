package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// PersistentVolumeClaim asks for a piece of storage.
var PersistentVolumeClaim = api.Define(api.Kind[*corev1.PersistentVolumeClaim]{
	GVK: gv.WithKind("PersistentVolumeClaim"), Plural: "persistentvolumeclaims", Prefix: "persistentvolumeclaims", Namespaced: true,
	ShortNames: []string{"pvc"},
	New:        api.New[corev1.PersistentVolumeClaim], NewList: api.NewList[corev1.PersistentVolumeClaimList],
	Parts: []api.PartOf[*corev1.PersistentVolumeClaim]{
		api.Status(func(dst, src *corev1.PersistentVolumeClaim) { dst.Status = src.Status }),
	},
})
