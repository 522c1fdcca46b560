package storage

import (
	storagev1 "k8s.io/api/storage/v1"

	"skiff/internal/api"
)

// CSIStorageCapacity says how much room a StorageClass has where.
var CSIStorageCapacity = api.Define(api.Kind[*storagev1.CSIStorageCapacity]{
	GVK: gv.WithKind("CSIStorageCapacity"), Plural: "csistoragecapacities", Prefix: "csistoragecapacities", Namespaced: true,
	New: api.New[storagev1.CSIStorageCapacity], NewList: api.NewList[storagev1.CSIStorageCapacityList],
	RequireResourceVersion: true,
})
