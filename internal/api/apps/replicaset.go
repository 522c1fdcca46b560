package apps

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// ReplicaSet keeps a number of like pods.
var ReplicaSet = api.Define(api.Kind[*appsv1.ReplicaSet]{
	GVK: gv.WithKind("ReplicaSet"), Plural: "replicasets", Prefix: "replicasets", Namespaced: true,
	ShortNames: []string{"rs"}, Categories: []string{"all"},
	New: api.New[appsv1.ReplicaSet], NewList: api.NewList[appsv1.ReplicaSetList],

	Default: func(o *appsv1.ReplicaSet) {
		meta.FillPtr(&o.Spec.Replicas, 1)
		pod.DefaultTemplate(&o.Spec.Template)
	},
	Validate: validateReplicaSet,
	ValidateUpdate: func(o, old *appsv1.ReplicaSet) field.ErrorList {
		return meta.Immutable(field.NewPath("spec", "selector"), o.Spec.Selector, old.Spec.Selector)
	},
	Warnings: func(o *appsv1.ReplicaSet) []string {
		return append(meta.PodNameWarnings(o), pod.TemplateWarnings(&o.Spec.Template, templatePath)...)
	},
	UpdateWarnings: func(o, old *appsv1.ReplicaSet) []string {
		return pod.TemplateUpdateWarnings(o, old, &o.Spec.Template, templatePath)
	},
	Spec: func(o *appsv1.ReplicaSet) any { return &o.Spec },

	Parts: []api.PartOf[*appsv1.ReplicaSet]{
		api.Status(func(dst, src *appsv1.ReplicaSet) { dst.Status = src.Status }).Validated(validateReplicaSetStatus),
	},
	Scale: &api.ScaleOf[*appsv1.ReplicaSet]{
		Get: func(o *appsv1.ReplicaSet) *autoscalingv1.Scale {
			return api.ScaleObject(o, o.Spec.Replicas, o.Status.Replicas, api.SelectorString(o.Spec.Selector))
		},
		Set: func(o *appsv1.ReplicaSet, replicas int32) { o.Spec.Replicas = &replicas },
	},

	Columns: table.Of("Name", "Desired", "Current", "Ready", "Age").
		Integers("Desired", "Current", "Ready").Wide("Containers", "Images", "Selector").
		Docs(map[string]string{
			"Desired":  appsv1.ReplicaSetSpec{}.SwaggerDoc()["replicas"],
			"Current":  appsv1.ReplicaSetStatus{}.SwaggerDoc()["replicas"],
			"Ready":    appsv1.ReplicaSetStatus{}.SwaggerDoc()["readyReplicas"],
			"Selector": appsv1.ReplicaSetSpec{}.SwaggerDoc()["selector"],
		}),
	Row:        replicaSetRow,
	FieldNames: []string{"status.replicas"},
	Fields: func(o *appsv1.ReplicaSet) map[string]string {
		return map[string]string{"status.replicas": itoa(o.Status.Replicas)}
	},
})

func validateReplicaSet(o *appsv1.ReplicaSet) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := meta.NonNegativeOr(p.Child("replicas"), s.Replicas)
	errs = append(errs, meta.NonNegative(p.Child("minReadySeconds"), s.MinReadySeconds)...)
	return append(errs, replicas(p, s.Selector, &s.Template)...)
}

func validateReplicaSetStatus(o, _ *appsv1.ReplicaSet) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	labeled, ready := meta.CountOf("fullyLabeledReplicas", &s.FullyLabeledReplicas), meta.CountOf("readyReplicas", &s.ReadyReplicas)
	available := meta.CountOf("availableReplicas", &s.AvailableReplicas)
	errs := meta.NonNegatives(p, meta.CountOf("replicas", &s.Replicas), labeled, ready, available,
		meta.CountOf("observedGeneration", &s.ObservedGeneration), meta.CountOf("terminatingReplicas", s.TerminatingReplicas))
	errs = append(errs, meta.NotAbove(p, s.Replicas, "status.replicas", labeled, ready, available)...)
	return append(errs, meta.NotAbove(p, s.ReadyReplicas, "readyReplicas", available)...)
}

func replicaSetRow(o *appsv1.ReplicaSet) []any {
	names, images := table.Containers(o.Spec.Template.Spec.Containers)
	return []any{
		o.Name, table.Number(o.Spec.Replicas), int64(o.Status.Replicas), int64(o.Status.ReadyReplicas),
		table.Age(o.CreationTimestamp), names, images, table.Selector(o.Spec.Selector),
	}
}
