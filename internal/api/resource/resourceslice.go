package resource

import (
	resourcev1 "k8s.io/api/resource/v1"

	"skiff/internal/api"
)

// ResourceSlice lists the devices of a driver.
var ResourceSlice = api.Define(api.Kind[*resourcev1.ResourceSlice]{
	GVK: gv.WithKind("ResourceSlice"), Plural: "resourceslices", Prefix: "resourceslices", ReturnsDeleted: true,
	New: api.New[resourcev1.ResourceSlice], NewList: api.NewList[resourcev1.ResourceSliceList],
	Spec: func(o *resourcev1.ResourceSlice) any { return o.Spec },
})
