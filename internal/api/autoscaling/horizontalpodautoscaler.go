// Package autoscaling says what HorizontalPodAutoscalers mean. They are stored
// as autoscaling/v2; v1 is a view of them.
package autoscaling

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"skiff/internal/api"
)

// HorizontalPodAutoscaler sets the replicas of a workload by what its pods use.
var HorizontalPodAutoscaler = api.Define(api.Kind[*autoscalingv2.HorizontalPodAutoscaler]{
	GVK:    autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"),
	Plural: "horizontalpodautoscalers", Prefix: "horizontalpodautoscalers", Namespaced: true,
	ShortNames: []string{"hpa"}, Categories: []string{"all"},
	New: api.New[autoscalingv2.HorizontalPodAutoscaler], NewList: api.NewList[autoscalingv2.HorizontalPodAutoscalerList],
	Parts: []api.PartOf[*autoscalingv2.HorizontalPodAutoscaler]{
		api.Status(func(dst, src *autoscalingv2.HorizontalPodAutoscaler) { dst.Status = src.Status }),
	},
})
