package resource

import (
	resourcev1 "k8s.io/api/resource/v1"

	"skiff/internal/api"
)

// ResourceClaim asks for devices.
var ResourceClaim = api.Define(api.Kind[*resourcev1.ResourceClaim]{
	GVK: gv.WithKind("ResourceClaim"), Plural: "resourceclaims", Prefix: "resourceclaims", Namespaced: true, ReturnsDeleted: true,
	New: api.New[resourcev1.ResourceClaim], NewList: api.NewList[resourcev1.ResourceClaimList],
	Parts: []api.PartOf[*resourcev1.ResourceClaim]{
		api.Status(func(dst, src *resourcev1.ResourceClaim) { dst.Status = src.Status }),
	},
})
