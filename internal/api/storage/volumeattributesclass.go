package storage

import (
	storagev1 "k8s.io/api/storage/v1"

	"skiff/internal/api"
)

// VolumeAttributesClass names qualities of volumes that may change.
var VolumeAttributesClass = api.Define(api.Kind[*storagev1.VolumeAttributesClass]{
	GVK: gv.WithKind("VolumeAttributesClass"), Plural: "volumeattributesclasses", Prefix: "volumeattributesclasses",
	ShortNames: []string{"vac"},
	New:        api.New[storagev1.VolumeAttributesClass], NewList: api.NewList[storagev1.VolumeAttributesClassList],
})
