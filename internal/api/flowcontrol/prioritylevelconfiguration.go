package flowcontrol

import (
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"

	"skiff/internal/api"
)

// PriorityLevelConfiguration bounds the requests of a level.
var PriorityLevelConfiguration = api.Define(api.Kind[*flowcontrolv1.PriorityLevelConfiguration]{
	GVK: gv.WithKind("PriorityLevelConfiguration"), Plural: "prioritylevelconfigurations", Prefix: "prioritylevelconfigurations",
	New: api.New[flowcontrolv1.PriorityLevelConfiguration], NewList: api.NewList[flowcontrolv1.PriorityLevelConfigurationList],
	Spec: func(o *flowcontrolv1.PriorityLevelConfiguration) any { return o.Spec },
	Parts: []api.PartOf[*flowcontrolv1.PriorityLevelConfiguration]{
		api.Status(func(dst, src *flowcontrolv1.PriorityLevelConfiguration) { dst.Status = src.Status }),
	},
})
