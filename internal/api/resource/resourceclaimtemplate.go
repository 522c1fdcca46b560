package resource

import (
	resourcev1 "k8s.io/api/resource/v1"

	"skiff/internal/api"
)

// ResourceClaimTemplate makes a ResourceClaim for each pod.
var ResourceClaimTemplate = api.Define(api.Kind[*resourcev1.ResourceClaimTemplate]{
	GVK: gv.WithKind("ResourceClaimTemplate"), Plural: "resourceclaimtemplates", Prefix: "resourceclaimtemplates", Namespaced: true, ReturnsDeleted: true,
	New: api.New[resourcev1.ResourceClaimTemplate], NewList: api.NewList[resourcev1.ResourceClaimTemplateList],
})
