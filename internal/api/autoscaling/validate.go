package autoscaling

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

func validateAutoscaler(o *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if s.MinReplicas != nil && *s.MinReplicas < 1 && !scalesToZero(s) {
		errs = append(errs, field.Invalid(p.Child("minReplicas"), *s.MinReplicas, "must be greater than or equal to 1"))
	}
	if s.MaxReplicas < 1 {
		errs = append(errs, field.Invalid(p.Child("maxReplicas"), s.MaxReplicas, "must be greater than 0"))
	}
	if s.MinReplicas != nil && s.MaxReplicas < *s.MinReplicas {
		errs = append(errs, field.Invalid(p.Child("maxReplicas"), s.MaxReplicas, "must be greater than or equal to `minReplicas`"))
	}
	errs = append(errs, validateReference(s.ScaleTargetRef, p.Child("scaleTargetRef"))...)
	for i := range s.Metrics {
		errs = append(errs, validateMetric(&s.Metrics[i], p.Child("metrics").Index(i))...)
	}
	if b := s.Behavior; b != nil {
		errs = append(errs, validateRules(b.ScaleUp, p.Child("behavior", "scaleUp"))...)
		errs = append(errs, validateRules(b.ScaleDown, p.Child("behavior", "scaleDown"))...)
	}
	return errs
}

func validateAutoscalerStatus(o, _ *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	p := field.NewPath("status")
	return append(meta.NonNegative(p.Child("currentReplicas"), o.Status.CurrentReplicas),
		meta.NonNegative(p.Child("desiredReplicas"), o.Status.DesiredReplicas)...)
}

// scalesToZero: only a metric from elsewhere can tell when to come back.
func scalesToZero(s *autoscalingv2.HorizontalPodAutoscalerSpec) bool {
	if *s.MinReplicas != 0 {
		return false
	}
	for _, m := range s.Metrics {
		if m.Type == autoscalingv2.ObjectMetricSourceType || m.Type == autoscalingv2.ExternalMetricSourceType {
			return true
		}
	}
	return false
}

func validateReference(r autoscalingv2.CrossVersionObjectReference, p *field.Path) field.ErrorList {
	return append(meta.Name(p.Child("kind"), r.Kind, meta.PathSegment), meta.Name(p.Child("name"), r.Name, meta.PathSegment)...)
}

// Limits of the rules that slow scaling down, in seconds.
const (
	maxStabilization = 3600
	maxPeriod        = 1800
)

func validateRules(r *autoscalingv2.HPAScalingRules, p *field.Path) field.ErrorList {
	if r == nil {
		return nil
	}
	var errs field.ErrorList
	if n := r.StabilizationWindowSeconds; n != nil {
		switch sp := p.Child("stabilizationWindowSeconds"); {
		case *n < 0:
			errs = append(errs, field.Invalid(sp, *n, "must be greater than or equal to zero"))
		case *n > maxStabilization:
			errs = append(errs, field.Invalid(sp, *n, fmt.Sprintf("must be less than or equal to %d", maxStabilization)))
		}
	}
	errs = append(errs, meta.EnumOr(p.Child("selectPolicy"), r.SelectPolicy,
		autoscalingv2.DisabledPolicySelect, autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect)...)
	pp := p.Child("policies")
	if len(r.Policies) == 0 {
		errs = append(errs, field.Required(pp, "must specify at least one Policy"))
	}
	for i, policy := range r.Policies {
		ip := pp.Index(i)
		errs = append(errs, meta.OneOf(ip.Child("type"), policy.Type, autoscalingv2.PercentScalingPolicy, autoscalingv2.PodsScalingPolicy)...)
		errs = append(errs, meta.Positive(ip.Child("value"), policy.Value)...)
		errs = append(errs, meta.Positive(ip.Child("periodSeconds"), policy.PeriodSeconds)...)
		if policy.PeriodSeconds > maxPeriod {
			errs = append(errs, field.Invalid(ip.Child("periodSeconds"), policy.PeriodSeconds, fmt.Sprintf("must be less than or equal to %d", maxPeriod)))
		}
	}
	if t := r.Tolerance; t != nil && t.Sign() < 0 {
		errs = append(errs, field.Invalid(p.Child("tolerance"), t.String(), "must be greater than or equal to 0"))
	}
	return errs
}

// validateMetric judges one metric: a type, and the source of that type alone.
func validateMetric(m *autoscalingv2.MetricSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if m.Type == "" {
		errs = append(errs, field.Required(p.Child("type"), "must specify a metric source type"))
	}
	errs = append(errs, meta.OneOf(p.Child("type"), m.Type, autoscalingv2.ContainerResourceMetricSourceType, autoscalingv2.ExternalMetricSourceType,
		autoscalingv2.ObjectMetricSourceType, autoscalingv2.PodsMetricSourceType, autoscalingv2.ResourceMetricSourceType)...)
	found := false
	sources := metricSources(m)
	for _, s := range sources {
		if s.set && !found {
			found = true
			errs = append(errs, s.rules(p.Child(s.name))...)
		}
	}
	for _, s := range sources {
		switch {
		case s.of == m.Type && !s.set:
			errs = append(errs, field.Required(p.Child(s.name), "must populate information for the given metric source"))
		case s.of != m.Type && s.set:
			errs = append(errs, field.Forbidden(p.Child(s.name), "must populate the given metric source only"))
		}
	}
	return errs
}

type metricSource struct {
	of    autoscalingv2.MetricSourceType
	name  string
	set   bool
	rules func(*field.Path) field.ErrorList
}

func metricSources(m *autoscalingv2.MetricSpec) []metricSource {
	return []metricSource{
		{autoscalingv2.ObjectMetricSourceType, "object", m.Object != nil, func(p *field.Path) field.ErrorList {
			errs := validateReference(m.Object.DescribedObject, p.Child("describedObject"))
			errs = append(errs, validateIdentifier(m.Object.Metric, p.Child("metric"))...)
			errs = append(errs, validateTarget(m.Object.Target, p.Child("target"))...)
			if m.Object.Target.Value == nil && m.Object.Target.AverageValue == nil {
				errs = append(errs, field.Required(p.Child("target", "averageValue"), "must set either a target value or averageValue"))
			}
			return errs
		}},
		{autoscalingv2.ExternalMetricSourceType, "external", m.External != nil, func(p *field.Path) field.ErrorList {
			errs := validateIdentifier(m.External.Metric, p.Child("metric"))
			errs = append(errs, validateTarget(m.External.Target, p.Child("target"))...)
			switch t := m.External.Target; {
			case t.Value == nil && t.AverageValue == nil:
				errs = append(errs, field.Required(p.Child("target", "averageValue"), "must set either a target value for metric or a per-pod target"))
			case t.Value != nil && t.AverageValue != nil:
				errs = append(errs, field.Forbidden(p.Child("target", "value"), "may not set both a target value for metric and a per-pod target"))
			}
			return errs
		}},
		{autoscalingv2.PodsMetricSourceType, "pods", m.Pods != nil, func(p *field.Path) field.ErrorList {
			errs := validateIdentifier(m.Pods.Metric, p.Child("metric"))
			errs = append(errs, validateTarget(m.Pods.Target, p.Child("target"))...)
			if m.Pods.Target.AverageValue == nil {
				errs = append(errs, field.Required(p.Child("target", "averageValue"), "must specify a positive target averageValue"))
			}
			return errs
		}},
		{autoscalingv2.ResourceMetricSourceType, "resource", m.Resource != nil, func(p *field.Path) field.ErrorList {
			return validateUsage(m.Resource.Name, m.Resource.Target, p)
		}},
		{autoscalingv2.ContainerResourceMetricSourceType, "containerResource", m.ContainerResource != nil, func(p *field.Path) field.ErrorList {
			var errs field.ErrorList
			if c := m.ContainerResource.Container; c == "" {
				errs = append(errs, field.Required(p.Child("container"), "must specify a container"))
			} else {
				errs = append(errs, meta.Invalid(p.Child("container"), c, validation.IsDNS1123Label(c))...)
			}
			if n := m.ContainerResource.Name; n != "" {
				errs = append(errs, pod.ContainerResourceName(n, p.Child("name"))...)
			}
			return append(errs, validateUsage(m.ContainerResource.Name, m.ContainerResource.Target, p)...)
		}},
	}
}

// validateUsage judges a target for what pods use of a resource.
func validateUsage(name corev1.ResourceName, t autoscalingv2.MetricTarget, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if name == "" {
		errs = append(errs, field.Required(p.Child("name"), "must specify a resource name"))
	}
	errs = append(errs, validateTarget(t, p.Child("target"))...)
	switch {
	case t.AverageUtilization == nil && t.AverageValue == nil:
		errs = append(errs, field.Required(p.Child("target", "averageUtilization"), "must set either a target raw value or a target utilization"))
	case t.AverageUtilization != nil && t.AverageValue != nil:
		errs = append(errs, field.Forbidden(p.Child("target", "averageValue"), "may not set both a target raw value and a target utilization"))
	}
	return errs
}

func validateTarget(t autoscalingv2.MetricTarget, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if t.Type == "" {
		errs = append(errs, field.Required(p.Child("type"), "must specify a metric target type"))
	}
	if t.Type != autoscalingv2.UtilizationMetricType && t.Type != autoscalingv2.ValueMetricType && t.Type != autoscalingv2.AverageValueMetricType {
		errs = append(errs, field.Invalid(p.Child("type"), t.Type, "must be either Utilization, Value, or AverageValue"))
	}
	for _, v := range []struct {
		name string
		q    *resource.Quantity
	}{{"value", t.Value}, {"averageValue", t.AverageValue}} {
		if v.q != nil && v.q.Sign() != 1 {
			errs = append(errs, field.Invalid(p.Child(v.name), v.q.String(), "must be positive"))
		}
	}
	if n := t.AverageUtilization; n != nil && *n < 1 {
		errs = append(errs, field.Invalid(p.Child("averageUtilization"), *n, "must be greater than 0"))
	}
	return errs
}

func validateIdentifier(id autoscalingv2.MetricIdentifier, p *field.Path) field.ErrorList {
	if id.Name == "" {
		return field.ErrorList{field.Required(p.Child("name"), "must specify a metric name")}
	}
	return meta.Invalid(p.Child("name"), id.Name, meta.PathSegment(id.Name, false))
}
