package autoscaling

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"

	"skiff/internal/api/table"
)

func autoscalerRow(o *autoscalingv2.HorizontalPodAutoscaler) []any {
	least := table.Unset
	if m := o.Spec.MinReplicas; m != nil {
		least = fmt.Sprint(*m)
	}
	return []any{
		o.Name, o.Spec.ScaleTargetRef.Kind + "/" + o.Spec.ScaleTargetRef.Name, targets(o), least,
		int64(o.Spec.MaxReplicas), int64(o.Status.CurrentReplicas), table.Age(o.CreationTimestamp),
	}
}

// targets lists the first two metrics as "what is/what should be".
func targets(o *autoscalingv2.HorizontalPodAutoscaler) string {
	var out []string
	for i, m := range o.Spec.Metrics {
		var now autoscalingv2.MetricStatus
		if i < len(o.Status.CurrentMetrics) {
			now = o.Status.CurrentMetrics[i]
		}
		out = append(out, metric(&m, &now))
	}
	switch {
	case len(out) == 0:
		return table.None
	case len(out) > 2:
		return strings.Join(out[:2], ", ") + fmt.Sprintf(" + %d more...", len(out)-2)
	}
	return strings.Join(out, ", ")
}

func metric(m *autoscalingv2.MetricSpec, now *autoscalingv2.MetricStatus) string {
	var current autoscalingv2.MetricValueStatus
	switch {
	case m.Resource != nil:
		if now.Resource != nil {
			current = now.Resource.Current
		}
		return string(m.Resource.Name) + ": " + usageRatio(m.Resource.Target, current)
	case m.ContainerResource != nil:
		if now.ContainerResource != nil {
			current = now.ContainerResource.Current
		}
		return string(m.ContainerResource.Name) + ": " + usageRatio(m.ContainerResource.Target, current)
	case m.Pods != nil:
		if now.Pods != nil {
			current = now.Pods.Current
		}
		return ratio(m.Pods.Target, current, "")
	case m.Object != nil:
		if now.Object != nil {
			current = now.Object.Current
		}
		return ratio(m.Object.Target, current, " (avg)")
	case m.External != nil:
		if now.External != nil {
			current = now.External.Current
		}
		return ratio(m.External.Target, current, " (avg)")
	}
	return "<unknown type>"
}

// usageRatio is ratio for what pods use, whose target may be left to others.
func usageRatio(t autoscalingv2.MetricTarget, now autoscalingv2.MetricValueStatus) string {
	if t.AverageUtilization == nil && t.AverageValue == nil {
		return percentage(now.AverageUtilization) + "/<auto>"
	}
	return ratio(t, now, "")
}

func percentage(n *int32) string {
	if n == nil {
		return table.Unknown
	}
	return fmt.Sprintf("%d%%", *n)
}

func ratio(t autoscalingv2.MetricTarget, now autoscalingv2.MetricValueStatus, average string) string {
	switch {
	case t.AverageUtilization != nil:
		return percentage(now.AverageUtilization) + "/" + percentage(t.AverageUtilization)
	case t.AverageValue != nil:
		return quantity(now.AverageValue) + "/" + t.AverageValue.String() + average
	case t.Value != nil:
		return quantity(now.Value) + "/" + t.Value.String()
	}
	return table.Unknown
}

func quantity(q *resource.Quantity) string {
	if q == nil {
		return table.Unknown
	}
	return q.String()
}
