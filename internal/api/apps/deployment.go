package apps

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// Deployment rolls pods from one template to the next.
var Deployment = api.Define(api.Kind[*appsv1.Deployment]{
	GVK: gv.WithKind("Deployment"), Plural: "deployments", Prefix: "deployments", Namespaced: true,
	ShortNames: []string{"deploy"}, Categories: []string{"all"},
	New: api.New[appsv1.Deployment], NewList: api.NewList[appsv1.DeploymentList],

	Default:        defaultDeployment,
	Validate:       validateDeployment,
	ValidateUpdate: validateDeploymentUpdate,
	Warnings: func(o *appsv1.Deployment) []string {
		return append(meta.PodNameWarnings(o), pod.TemplateWarnings(&o.Spec.Template, templatePath)...)
	},
	UpdateWarnings: func(o, old *appsv1.Deployment) []string {
		return pod.TemplateUpdateWarnings(o, old, &o.Spec.Template, templatePath)
	},
	// Annotations too, since a change of them is copied to the ReplicaSets.
	Spec: func(o *appsv1.Deployment) any { return []any{o.Spec, o.Annotations} },

	Parts: []api.PartOf[*appsv1.Deployment]{
		api.StatusOnly(func(dst, src *appsv1.Deployment) { dst.Status = src.Status }).
			Along(func(dst, src *appsv1.Deployment) { dst.Annotations = src.Annotations }).Validated(validateDeploymentStatus),
	},
	Scale: &api.ScaleOf[*appsv1.Deployment]{
		Get: func(o *appsv1.Deployment) *autoscalingv1.Scale {
			return api.ScaleObject(o, o.Spec.Replicas, o.Status.Replicas, api.SelectorString(o.Spec.Selector))
		},
		Set: func(o *appsv1.Deployment, replicas int32) { o.Spec.Replicas = &replicas },
	},

	Columns: table.Of("Name", "Ready", "Up-to-date", "Available", "Age").
		Wide("Containers", "Images", "Selector").
		Docs(map[string]string{
			"Ready":      "Number of the pod with ready state",
			"Up-to-date": appsv1.DeploymentStatus{}.SwaggerDoc()["updatedReplicas"],
			"Available":  appsv1.DeploymentStatus{}.SwaggerDoc()["availableReplicas"],
			"Selector":   appsv1.DeploymentSpec{}.SwaggerDoc()["selector"],
		}),
	Row: deploymentRow,
})

const progressDeadlineSeconds = 600

func defaultDeployment(o *appsv1.Deployment) {
	s := &o.Spec
	meta.FillPtr(&s.Replicas, 1)
	meta.FillPtr(&s.RevisionHistoryLimit, revisionHistoryLimit)
	meta.FillPtr(&s.ProgressDeadlineSeconds, progressDeadlineSeconds)
	meta.Fill(&s.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if s.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		meta.FillPtr(&s.Strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
		meta.FillPtr(&s.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
		meta.FillPtr(&s.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
	}
	pod.DefaultTemplate(&s.Template)
}

func validateDeployment(o *appsv1.Deployment) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := meta.NonNegativeOr(p.Child("replicas"), s.Replicas)
	errs = append(errs, replicas(p, s.Selector, &s.Template)...)
	errs = append(errs, validateStrategy(&s.Strategy, p.Child("strategy"))...)
	errs = append(errs, meta.NonNegative(p.Child("minReadySeconds"), s.MinReadySeconds)...)
	errs = append(errs, meta.NonNegativeOr(p.Child("revisionHistoryLimit"), s.RevisionHistoryLimit)...)
	if d := s.ProgressDeadlineSeconds; d != nil {
		errs = append(errs, meta.NonNegative(p.Child("progressDeadlineSeconds"), *d)...)
		if *d <= s.MinReadySeconds {
			errs = append(errs, field.Invalid(p.Child("progressDeadlineSeconds"), *d, "must be greater than minReadySeconds"))
		}
	}
	return errs
}

func validateStrategy(s *appsv1.DeploymentStrategy, p *field.Path) field.ErrorList {
	switch r := s.RollingUpdate; {
	case s.Type == appsv1.RecreateDeploymentStrategyType && r != nil:
		return field.ErrorList{field.Forbidden(p.Child("rollingUpdate"), "may not be specified when strategy `type` is 'Recreate'")}
	case s.Type == appsv1.RecreateDeploymentStrategyType:
		return nil
	case s.Type != appsv1.RollingUpdateDeploymentStrategyType:
		return field.ErrorList{field.NotSupported(p, s, []appsv1.DeploymentStrategyType{
			appsv1.RecreateDeploymentStrategyType, appsv1.RollingUpdateDeploymentStrategyType})}
	case r == nil:
		return field.ErrorList{field.Required(p.Child("rollingUpdate"), "this should be defaulted and never be nil")}
	default:
		return validateRolling(r.MaxUnavailable, r.MaxSurge, p.Child("rollingUpdate"))
	}
}

// validateRolling judges how far a rolling update may go beside the number of
// replicas: it must be able to move at all.
func validateRolling(unavailable, surge *intstr.IntOrString, p *field.Path) field.ErrorList {
	errs := meta.IntOrPercent(p.Child("maxUnavailable"), unavailable)
	errs = append(errs, meta.IntOrPercent(p.Child("maxSurge"), surge)...)
	if meta.Zero(unavailable) && meta.Zero(surge) {
		errs = append(errs, field.Invalid(p.Child("maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0"))
	}
	return append(errs, meta.AtMostAll(p.Child("maxUnavailable"), unavailable)...)
}

func validateDeploymentUpdate(o, old *appsv1.Deployment) field.ErrorList {
	return meta.Immutable(field.NewPath("spec", "selector"), o.Spec.Selector, old.Spec.Selector)
}

func validateDeploymentStatus(o, old *appsv1.Deployment) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	updated, ready := meta.CountOf("updatedReplicas", &s.UpdatedReplicas), meta.CountOf("readyReplicas", &s.ReadyReplicas)
	available := meta.CountOf("availableReplicas", &s.AvailableReplicas)
	errs := meta.NonNegatives(p, meta.CountOf("observedGeneration", &s.ObservedGeneration), meta.CountOf("replicas", &s.Replicas), updated, ready, available,
		meta.CountOf("unavailableReplicas", &s.UnavailableReplicas), meta.CountOf("terminatingReplicas", s.TerminatingReplicas), meta.CountOf("collisionCount", s.CollisionCount))
	errs = append(errs, meta.NotAbove(p, s.Replicas, "status.replicas", updated, ready, available)...)
	errs = append(errs, meta.NotAbove(p, s.ReadyReplicas, "readyReplicas", available)...)
	return append(errs, collisions(p, s.CollisionCount, old.Status.CollisionCount)...)
}

func deploymentRow(o *appsv1.Deployment) []any {
	names, images := table.Containers(o.Spec.Template.Spec.Containers)
	var want int32
	if o.Spec.Replicas != nil {
		want = *o.Spec.Replicas
	}
	return []any{
		o.Name, fmt.Sprintf("%d/%d", o.Status.ReadyReplicas, want), int64(o.Status.UpdatedReplicas),
		int64(o.Status.AvailableReplicas), table.Age(o.CreationTimestamp), names, images, table.Selector(o.Spec.Selector),
	}
}
