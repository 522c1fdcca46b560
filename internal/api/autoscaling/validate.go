package autoscaling

import (
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// validateAutoscaler judges o, which changes old, if there is one.
func validateAutoscaler(o, old *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if s.MinReplicas != nil && s.MaxReplicas < *s.MinReplicas {
		errs = append(errs, field.Invalid(p.Child("maxReplicas"), s.MaxReplicas, "must be greater than or equal to `minReplicas`"))
	}
	errs = append(errs, validateTargetRef(o, old, p.Child("scaleTargetRef"))...)
	for i := range s.Metrics {
		errs = append(errs, validateMetric(&s.Metrics[i], p.Child("metrics").Index(i))...)
	}
	if s.MinReplicas != nil && *s.MinReplicas == 0 && !slices.ContainsFunc(s.Metrics, ofElsewhere) {
		errs = append(errs, field.Forbidden(p.Child("metrics"), "must specify at least one Object or External metric to support scaling to zero replicas"))
	}
	if b := s.Behavior; b != nil {
		errs = append(errs, validateRules(b.ScaleUp, p.Child("behavior", "scaleUp"))...)
		errs = append(errs, validateRules(b.ScaleDown, p.Child("behavior", "scaleDown"))...)
	}
	return append(errs, validateBounds(s, p)...)
}

// validateBounds are rules that clients see after all others.
func validateBounds(s *autoscalingv2.HorizontalPodAutoscalerSpec, p *field.Path) field.ErrorList {
	errs := meta.NonNegativeOr(p.Child("minReplicas"), s.MinReplicas)
	switch n := s.MaxReplicas; {
	case n == 0:
		errs = append(errs, field.Required(p.Child("maxReplicas"), ""))
	case n < 0:
		errs = append(errs, field.Invalid(p.Child("maxReplicas"), n, "must be greater than or equal to 1"))
	}
	return errs
}

func validateAutoscalerStatus(o, _ *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	p := field.NewPath("status")
	return append(meta.NonNegative(p.Child("currentReplicas"), o.Status.CurrentReplicas),
		meta.NonNegative(p.Child("desiredReplicas"), o.Status.DesiredReplicas)...)
}

// ofElsewhere: without pods, only such a metric can tell when there should be
// some again.
func ofElsewhere(m autoscalingv2.MetricSpec) bool {
	return m.Type == autoscalingv2.ObjectMetricSourceType || m.Type == autoscalingv2.ExternalMetricSourceType
}

// validateTargetRef judges what is scaled. Of the core group, that is
// ReplicationControllers alone. A version that was wrong before may stay.
func validateTargetRef(o, old *autoscalingv2.HorizontalPodAutoscaler, p *field.Path) field.ErrorList {
	version := func(r autoscalingv2.CrossVersionObjectReference) field.ErrorList {
		return validateVersion(r, r.Kind != "ReplicationController", p)
	}
	errs := validateReference(o.Spec.ScaleTargetRef, p)
	if old != nil && len(version(old.Spec.ScaleTargetRef)) > 0 {
		return errs
	}
	return append(errs, version(o.Spec.ScaleTargetRef)...)
}

func validateReference(r autoscalingv2.CrossVersionObjectReference, p *field.Path) field.ErrorList {
	return append(meta.Name(p.Child("kind"), r.Kind, meta.PathSegment), meta.Name(p.Child("name"), r.Name, meta.PathSegment)...)
}

func validateVersion(r autoscalingv2.CrossVersionObjectReference, grouped bool, p *field.Path) field.ErrorList {
	gv, err := schema.ParseGroupVersion(r.APIVersion)
	switch {
	case err != nil:
		return field.ErrorList{field.Invalid(p.Child("apiVersion"), r.APIVersion, err.Error())}
	case grouped && gv.Group == "":
		return field.ErrorList{field.Invalid(p.Child("apiVersion"), r.APIVersion, "apiVersion must specify API group")}
	}
	return nil
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
// Of several sources, the first is judged.
func validateMetric(m *autoscalingv2.MetricSpec, p *field.Path) field.ErrorList {
	types := []autoscalingv2.MetricSourceType{autoscalingv2.ContainerResourceMetricSourceType, autoscalingv2.ExternalMetricSourceType,
		autoscalingv2.ObjectMetricSourceType, autoscalingv2.PodsMetricSourceType, autoscalingv2.ResourceMetricSourceType}
	var errs, forbidden field.ErrorList
	if m.Type == "" {
		errs = append(errs, field.Required(p.Child("type"), "must specify a metric source type"))
	}
	errs = append(errs, meta.OneOf(p.Child("type"), m.Type, types...)...)
	found, missing := 0, meta.OneOf(p.Child("type"), m.Type, types...)
	for _, s := range metricSources(m) {
		if s.of == m.Type && !s.set {
			missing = field.ErrorList{field.Required(p.Child(s.name), "must populate information for the given metric source")}
		}
		if !s.set {
			continue
		}
		if found++; found == 1 {
			errs = append(errs, s.rules(p.Child(s.name))...)
		}
		if s.of != m.Type {
			forbidden = append(forbidden, field.Forbidden(p.Child(s.name), "must populate the given metric source only"))
		}
	}
	if errs = append(errs, missing...); found != 1 {
		errs = append(errs, forbidden...)
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
			errs = append(errs, validateVersion(m.Object.DescribedObject, false, p.Child("describedObject"))...)
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
			var errs field.ErrorList
			if m.Resource.Name == "" {
				errs = append(errs, field.Required(p.Child("name"), "must specify a resource name"))
			}
			return append(errs, validateUsage(m.Resource.Target, p)...)
		}},
		{autoscalingv2.ContainerResourceMetricSourceType, "containerResource", m.ContainerResource != nil, func(p *field.Path) field.ErrorList {
			return validateContainerUsage(m.ContainerResource, p)
		}},
	}
}

func validateContainerUsage(m *autoscalingv2.ContainerResourceMetricSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if m.Name == "" {
		errs = append(errs, field.Required(p.Child("name"), "must specify a resource name"))
	} else {
		errs = append(errs, pod.ContainerResourceName(m.Name, p.Child("name"))...)
	}
	if m.Container == "" {
		errs = append(errs, field.Required(p.Child("container"), "must specify a container"))
	} else {
		errs = append(errs, meta.Invalid(p.Child("container"), m.Container, validation.IsDNS1123Label(m.Container))...)
	}
	return append(errs, validateUsage(m.Target, p)...)
}

// validateUsage judges a target for what pods use of a resource.
func validateUsage(t autoscalingv2.MetricTarget, p *field.Path) field.ErrorList {
	errs := validateTarget(t, p.Child("target"))
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
