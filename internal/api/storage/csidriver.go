package storage

import (
	storagev1 "k8s.io/api/storage/v1"

	"skiff/internal/api"
)

// CSIDriver says how a storage driver wants to be used.
var CSIDriver = api.Define(api.Kind[*storagev1.CSIDriver]{
	GVK: gv.WithKind("CSIDriver"), Plural: "csidrivers", Prefix: "csidrivers",
	New: api.New[storagev1.CSIDriver], NewList: api.NewList[storagev1.CSIDriverList],
	RequireResourceVersion: true,
})
