package flowcontrol

import (
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"

	"skiff/internal/api"
)

// FlowSchema sorts requests into priority levels.
var FlowSchema = api.Define(api.Kind[*flowcontrolv1.FlowSchema]{
	GVK: gv.WithKind("FlowSchema"), Plural: "flowschemas", Prefix: "flowschemas",
	New: api.New[flowcontrolv1.FlowSchema], NewList: api.NewList[flowcontrolv1.FlowSchemaList],
	Spec: func(o *flowcontrolv1.FlowSchema) any { return o.Spec },
	Parts: []api.PartOf[*flowcontrolv1.FlowSchema]{
		api.Status(func(dst, src *flowcontrolv1.FlowSchema) { dst.Status = src.Status }),
	},
})
