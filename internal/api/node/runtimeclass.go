package node

import (
	nodev1 "k8s.io/api/node/v1"

	"skiff/internal/api"
)

// RuntimeClass names a way to run containers.
var RuntimeClass = api.Define(api.Kind[*nodev1.RuntimeClass]{
	GVK: gv.WithKind("RuntimeClass"), Plural: "runtimeclasses", Prefix: "runtimeclasses",
	New: api.New[nodev1.RuntimeClass], NewList: api.NewList[nodev1.RuntimeClassList],
	RequireResourceVersion: true,
})
