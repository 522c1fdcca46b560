package storage

import (
	storagev1 "k8s.io/api/storage/v1"

	"skiff/internal/api"
)

// CSINode says which storage drivers a node has.
var CSINode = api.Define(api.Kind[*storagev1.CSINode]{
	GVK: gv.WithKind("CSINode"), Plural: "csinodes", Prefix: "csinodes",
	New: api.New[storagev1.CSINode], NewList: api.NewList[storagev1.CSINodeList],
})
