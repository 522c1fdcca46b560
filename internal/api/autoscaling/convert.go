package autoscaling

import (
	"encoding/json"
	"maps"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The annotations that carry, in autoscaling/v1, what has no field there.
const (
	metricsAnnotation        = "autoscaling.alpha.kubernetes.io/metrics"
	currentMetricsAnnotation = "autoscaling.alpha.kubernetes.io/current-metrics"
	conditionsAnnotation     = "autoscaling.alpha.kubernetes.io/conditions"
	behaviorAnnotation       = "autoscaling.alpha.kubernetes.io/behavior"
)

// dropAnnotations forgets what they carry: the fields of v2 say it all.
func dropAnnotations(o *metav1.ObjectMeta) {
	for _, key := range []string{metricsAnnotation, currentMetricsAnnotation, conditionsAnnotation, behaviorAnnotation} {
		delete(o.Annotations, key)
	}
}

func toV2(in *autoscalingv1.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	out := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: *in.ObjectMeta.DeepCopy()}
	out.SetGroupVersionKind(autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"))
	out.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference(in.Spec.ScaleTargetRef)
	out.Spec.MinReplicas, out.Spec.MaxReplicas = in.Spec.MinReplicas, in.Spec.MaxReplicas
	out.Status.ObservedGeneration, out.Status.LastScaleTime = in.Status.ObservedGeneration, in.Status.LastScaleTime
	out.Status.CurrentReplicas, out.Status.DesiredReplicas = in.Status.CurrentReplicas, in.Status.DesiredReplicas
	if cpu := in.Status.CurrentCPUUtilizationPercentage; cpu != nil {
		out.Status.CurrentMetrics = []autoscalingv2.MetricStatus{{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricStatus{
				Name: corev1.ResourceCPU, Current: autoscalingv2.MetricValueStatus{AverageUtilization: cpu},
			},
		}}
	}
	readAnnotations(out)
	if cpu := in.Spec.TargetCPUUtilizationPercentage; cpu != nil {
		out.Spec.Metrics = append(out.Spec.Metrics, cpuMetric(*cpu))
	}
	return out
}

// readAnnotations moves what the annotations carry into the fields of v2. What
// cannot be read is lost.
func readAnnotations(out *autoscalingv2.HorizontalPodAutoscaler) {
	metrics, _ := carriedIn[[]autoscalingv1.MetricSpec](out, metricsAnnotation)
	for _, m := range metrics {
		out.Spec.Metrics = append(out.Spec.Metrics, specToV2(m))
	}
	if behavior, ok := carriedIn[*autoscalingv2.HorizontalPodAutoscalerBehavior](out, behaviorAnnotation); ok {
		out.Spec.Behavior = behavior
	}
	if current, ok := carriedIn[[]autoscalingv1.MetricStatus](out, currentMetricsAnnotation); ok && len(current) > 0 {
		out.Status.CurrentMetrics = nil // the annotation knows more than the field
		for _, m := range current {
			out.Status.CurrentMetrics = append(out.Status.CurrentMetrics, statusToV2(m))
		}
	}
	if conditions, ok := carriedIn[[]autoscalingv2.HorizontalPodAutoscalerCondition](out, conditionsAnnotation); ok {
		out.Status.Conditions = conditions
	}
	dropAnnotations(&out.ObjectMeta)
}

func carriedIn[T any](o *autoscalingv2.HorizontalPodAutoscaler, key string) (value T, ok bool) {
	text, ok := o.Annotations[key]
	return value, ok && json.Unmarshal([]byte(text), &value) == nil
}

func fromV2(in *autoscalingv2.HorizontalPodAutoscaler) (*autoscalingv1.HorizontalPodAutoscaler, error) {
	out := &autoscalingv1.HorizontalPodAutoscaler{ObjectMeta: in.ObjectMeta}
	out.SetGroupVersionKind(autoscalingv1.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"))
	out.Spec.ScaleTargetRef = autoscalingv1.CrossVersionObjectReference(in.Spec.ScaleTargetRef)
	out.Spec.MinReplicas, out.Spec.MaxReplicas = in.Spec.MinReplicas, in.Spec.MaxReplicas
	out.Status.ObservedGeneration, out.Status.LastScaleTime = in.Status.ObservedGeneration, in.Status.LastScaleTime
	out.Status.CurrentReplicas, out.Status.DesiredReplicas = in.Status.CurrentReplicas, in.Status.DesiredReplicas

	carried := map[string]any{}
	var metrics []autoscalingv1.MetricSpec
	for _, m := range in.Spec.Metrics {
		if cpu := cpuUtilization(m); cpu != nil && out.Spec.TargetCPUUtilizationPercentage == nil {
			out.Spec.TargetCPUUtilizationPercentage = cpu
			continue
		}
		metrics = append(metrics, specFromV2(m))
	}
	if len(metrics) > 0 {
		carried[metricsAnnotation] = metrics
	}
	var current []autoscalingv1.MetricStatus
	for _, m := range in.Status.CurrentMetrics {
		if r := m.Resource; r != nil && r.Name == corev1.ResourceCPU && r.Current.AverageUtilization != nil {
			out.Status.CurrentCPUUtilizationPercentage = r.Current.AverageUtilization
		}
		current = append(current, statusFromV2(m))
	}
	if len(current) > 0 {
		carried[currentMetricsAnnotation] = current
	}
	if len(in.Status.Conditions) > 0 {
		carried[conditionsAnnotation] = in.Status.Conditions
	}
	if in.Spec.Behavior != nil {
		carried[behaviorAnnotation] = behaviorOf(in.Spec.Behavior)
	}
	return out, writeAnnotations(out, carried)
}

func writeAnnotations(out *autoscalingv1.HorizontalPodAutoscaler, carried map[string]any) error {
	if len(carried) == 0 {
		return nil
	}
	out.Annotations = maps.Clone(out.Annotations) // shared with the object that was converted
	if out.Annotations == nil {
		out.Annotations = map[string]string{}
	}
	for key, value := range carried {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		out.Annotations[key] = string(text)
	}
	return nil
}

// The behavior as the annotation spells it: by the names of the fields in Go,
// and with those that are left out. It is read in any case.
type (
	behavior struct{ ScaleUp, ScaleDown *rules }
	rules    struct {
		StabilizationWindowSeconds *int32
		SelectPolicy               *autoscalingv2.ScalingPolicySelect
		Policies                   []policy
		Tolerance                  *resource.Quantity
	}
	policy struct {
		Type                 autoscalingv2.HPAScalingPolicyType
		Value, PeriodSeconds int32
	}
)

func behaviorOf(b *autoscalingv2.HorizontalPodAutoscalerBehavior) behavior {
	return behavior{rulesOf(b.ScaleUp), rulesOf(b.ScaleDown)}
}

func rulesOf(r *autoscalingv2.HPAScalingRules) *rules {
	if r == nil {
		return nil
	}
	out := &rules{StabilizationWindowSeconds: r.StabilizationWindowSeconds, SelectPolicy: r.SelectPolicy, Tolerance: r.Tolerance}
	for _, p := range r.Policies {
		out.Policies = append(out.Policies, policy{p.Type, p.Value, p.PeriodSeconds})
	}
	return out
}

func cpuMetric(percent int32) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ResourceMetricSourceType,
		Resource: &autoscalingv2.ResourceMetricSource{
			Name: corev1.ResourceCPU,
			Target: autoscalingv2.MetricTarget{
				Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent,
			},
		},
	}
}

func cpuUtilization(m autoscalingv2.MetricSpec) *int32 {
	if m.Resource == nil || m.Resource.Name != corev1.ResourceCPU {
		return nil
	}
	return m.Resource.Target.AverageUtilization
}
