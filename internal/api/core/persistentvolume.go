package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// PersistentVolume is a piece of storage.
var PersistentVolume = api.Define(api.Kind[*corev1.PersistentVolume]{
	GVK: gv.WithKind("PersistentVolume"), Plural: "persistentvolumes", Prefix: "persistentvolumes",
	ShortNames: []string{"pv"},
	New:        api.New[corev1.PersistentVolume], NewList: api.NewList[corev1.PersistentVolumeList],
	Parts: []api.PartOf[*corev1.PersistentVolume]{
		api.Status(func(dst, src *corev1.PersistentVolume) { dst.Status = src.Status }),
	},
})
