package storage

import (
	storagev1 "k8s.io/api/storage/v1"

	"skiff/internal/api"
)

// StorageClass names a way to make volumes.
var StorageClass = api.Define(api.Kind[*storagev1.StorageClass]{
	GVK: gv.WithKind("StorageClass"), Plural: "storageclasses", Prefix: "storageclasses",
	ShortNames: []string{"sc"},
	New:        api.New[storagev1.StorageClass], NewList: api.NewList[storagev1.StorageClassList],
})
