// Package autoscaling says what HorizontalPodAutoscalers mean. They are stored
// as autoscaling/v2; v1 is a view of them.
package autoscaling

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// HorizontalPodAutoscaler sets the replicas of a workload by what its pods use.
var HorizontalPodAutoscaler = api.Define(api.Kind[*autoscalingv2.HorizontalPodAutoscaler]{
	GVK:    autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"),
	Plural: "horizontalpodautoscalers", Prefix: "horizontalpodautoscalers", Namespaced: true,
	ShortNames: []string{"hpa"}, Categories: []string{"all"},
	New: api.New[autoscalingv2.HorizontalPodAutoscaler], NewList: api.NewList[autoscalingv2.HorizontalPodAutoscalerList],

	Default:        defaultAutoscaler,
	ValidateNew:    func(o *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList { return validateAutoscaler(o, nil) },
	ValidateUpdate: validateAutoscaler,
	Parts: []api.PartOf[*autoscalingv2.HorizontalPodAutoscaler]{
		api.Status(func(dst, src *autoscalingv2.HorizontalPodAutoscaler) { dst.Status = src.Status }).Validated(validateAutoscalerStatus),
	},

	Columns: table.Of("Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age").
		Docs(map[string]string{
			"Reference": autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc()["scaleTargetRef"],
			"Targets":   autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc()["metrics"],
			"MinPods":   autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc()["minReplicas"],
			"MaxPods":   autoscalingv2.HorizontalPodAutoscalerSpec{}.SwaggerDoc()["maxReplicas"],
			"Replicas":  autoscalingv2.HorizontalPodAutoscalerStatus{}.SwaggerDoc()["currentReplicas"],
		}),
	Row: autoscalerRow,
})

const cpuUtilizationPercent = 80

func defaultAutoscaler(o *autoscalingv2.HorizontalPodAutoscaler) {
	dropAnnotations(&o.ObjectMeta)
	meta.FillPtr(&o.Spec.MinReplicas, 1)
	if len(o.Spec.Metrics) == 0 {
		o.Spec.Metrics = []autoscalingv2.MetricSpec{cpuMetric(cpuUtilizationPercent)}
	}
	if b := o.Spec.Behavior; b != nil {
		b.ScaleUp, b.ScaleDown = withDefaults(b.ScaleUp, scaleUp()), withDefaults(b.ScaleDown, scaleDown())
	}
}

// Up: at once, by four pods or to the double in 15 seconds, whichever is more.
func scaleUp() *autoscalingv2.HPAScalingRules {
	return &autoscalingv2.HPAScalingRules{
		StabilizationWindowSeconds: new(int32),
		SelectPolicy:               new(autoscalingv2.MaxChangePolicySelect),
		Policies: []autoscalingv2.HPAScalingPolicy{
			{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 15},
			{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15},
		},
	}
}

// Down: by any number; the window is the controller's, when none is given.
func scaleDown() *autoscalingv2.HPAScalingRules {
	return &autoscalingv2.HPAScalingRules{
		SelectPolicy: new(autoscalingv2.MaxChangePolicySelect),
		Policies:     []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}},
	}
}

func withDefaults(given, rules *autoscalingv2.HPAScalingRules) *autoscalingv2.HPAScalingRules {
	if given == nil {
		return rules
	}
	if given.StabilizationWindowSeconds == nil {
		given.StabilizationWindowSeconds = rules.StabilizationWindowSeconds
	}
	if given.SelectPolicy == nil {
		given.SelectPolicy = rules.SelectPolicy
	}
	if given.Policies == nil {
		given.Policies = rules.Policies
	}
	return given
}
