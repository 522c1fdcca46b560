package resource

import (
	resourcev1 "k8s.io/api/resource/v1"

	"skiff/internal/api"
)

// DeviceClass names a kind of device.
var DeviceClass = api.Define(api.Kind[*resourcev1.DeviceClass]{
	GVK: gv.WithKind("DeviceClass"), Plural: "deviceclasses", Prefix: "deviceclasses", ReturnsDeleted: true,
	New: api.New[resourcev1.DeviceClass], NewList: api.NewList[resourcev1.DeviceClassList],
	Spec: func(o *resourcev1.DeviceClass) any { return o.Spec },
})
