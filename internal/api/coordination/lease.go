package coordination

import (
	coordinationv1 "k8s.io/api/coordination/v1"

	"skiff/internal/api"
)

// Lease says who holds a role, and until when.
var Lease = api.Define(api.Kind[*coordinationv1.Lease]{
	GVK: gv.WithKind("Lease"), Plural: "leases", Prefix: "leases", Namespaced: true,
	New: api.New[coordinationv1.Lease], NewList: api.NewList[coordinationv1.LeaseList],
	AllowCreateOnUpdate:    true,
	RequireResourceVersion: true,
})
