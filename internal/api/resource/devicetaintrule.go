package resource

import (
	resourcev1 "k8s.io/api/resource/v1"

	"skiff/internal/api"
)

// DeviceTaintRule taints devices.
var DeviceTaintRule = api.Define(api.Kind[*resourcev1.DeviceTaintRule]{
	GVK: gv.WithKind("DeviceTaintRule"), Plural: "devicetaintrules", Prefix: "devicetaintrules",
	New: api.New[resourcev1.DeviceTaintRule], NewList: api.NewList[resourcev1.DeviceTaintRuleList],
	Spec: func(o *resourcev1.DeviceTaintRule) any { return o.Spec },
	Parts: []api.PartOf[*resourcev1.DeviceTaintRule]{
		api.Status(func(dst, src *resourcev1.DeviceTaintRule) { dst.Status = src.Status }),
	},
})
