package autoscaling

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// V1 is HorizontalPodAutoscaler as autoscaling/v1 has it: CPU in fields of its
// own, all other metrics in annotations.
var V1 = api.Define(api.Kind[*autoscalingv1.HorizontalPodAutoscaler]{
	GVK:    autoscalingv1.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"),
	Plural: "horizontalpodautoscalers", Prefix: "horizontalpodautoscalers", Namespaced: true,
	ShortNames: []string{"hpa"}, Categories: []string{"all"},
	New: api.New[autoscalingv1.HorizontalPodAutoscaler], NewList: api.NewList[autoscalingv1.HorizontalPodAutoscalerList],
	StoredAs: HorizontalPodAutoscaler,
	ToStored: func(o *autoscalingv1.HorizontalPodAutoscaler) (api.Object, error) { return toV2(o), nil },
	FromStored: func(o api.Object) (*autoscalingv1.HorizontalPodAutoscaler, error) {
		return fromV2(o.(*autoscalingv2.HorizontalPodAutoscaler))
	},
	// What metrics there are by default depends on annotations: v2 sees to it.
	Default: func(o *autoscalingv1.HorizontalPodAutoscaler) { meta.FillPtr(&o.Spec.MinReplicas, 1) },
	Parts: []api.PartOf[*autoscalingv1.HorizontalPodAutoscaler]{
		api.Status(func(dst, src *autoscalingv1.HorizontalPodAutoscaler) { dst.Status = src.Status }),
	},
	Columns: HorizontalPodAutoscaler.Columns,
	Row:     func(o *autoscalingv1.HorizontalPodAutoscaler) []any { return HorizontalPodAutoscaler.Row(toV2(o)) },
})
