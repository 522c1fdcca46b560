package scheduling

import (
	schedulingv1 "k8s.io/api/scheduling/v1"

	"skiff/internal/api"
)

// PriorityClass names a priority of pods.
var PriorityClass = api.Define(api.Kind[*schedulingv1.PriorityClass]{
	GVK: gv.WithKind("PriorityClass"), Plural: "priorityclasses", Prefix: "priorityclasses",
	ShortNames: []string{"pc"},
	New:        api.New[schedulingv1.PriorityClass], NewList: api.NewList[schedulingv1.PriorityClassList],
	AllowCreateOnUpdate: true,
})
