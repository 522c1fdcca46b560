package core

import (
	"maps"
	"strconv"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// ReplicationController is the elder of ReplicaSet: its selector is a plain
// set of labels, and may be left out.
var ReplicationController = api.Define(api.Kind[*corev1.ReplicationController]{
	GVK: gv.WithKind("ReplicationController"), Plural: "replicationcontrollers", Prefix: "controllers", Namespaced: true,
	ShortNames: []string{"rc"}, Categories: []string{"all"},
	New: api.New[corev1.ReplicationController], NewList: api.NewList[corev1.ReplicationControllerList],
	OrphanByDefault: true,

	Default:  defaultReplicationController,
	Validate: validateReplicationController,
	Warnings: func(o *corev1.ReplicationController) []string {
		return append(meta.PodNameWarnings(o), pod.TemplateWarnings(o.Spec.Template, field.NewPath("spec", "template"))...)
	},
	UpdateWarnings: func(o, old *corev1.ReplicationController) []string {
		return pod.TemplateUpdateWarnings(o, old, o.Spec.Template, field.NewPath("spec", "template"))
	},
	Spec: func(o *corev1.ReplicationController) any { return &o.Spec },

	Parts: []api.PartOf[*corev1.ReplicationController]{
		api.Status(func(dst, src *corev1.ReplicationController) { dst.Status = src.Status }).Along(copyHolders).
			Validated(validateReplicationControllerStatus),
	},
	Scale: &api.ScaleOf[*corev1.ReplicationController]{
		Get: func(o *corev1.ReplicationController) *autoscalingv1.Scale {
			return api.ScaleObject(o, o.Spec.Replicas, o.Status.Replicas, labels.SelectorFromSet(o.Spec.Selector).String())
		},
		Set: func(o *corev1.ReplicationController, replicas int32) { o.Spec.Replicas = &replicas },
	},

	Columns: table.Of("Name", "Desired", "Current", "Ready", "Age").
		Integers("Desired", "Current", "Ready").Wide("Containers", "Images", "Selector").
		Docs(map[string]string{
			"Desired":  corev1.ReplicationControllerSpec{}.SwaggerDoc()["replicas"],
			"Current":  corev1.ReplicationControllerStatus{}.SwaggerDoc()["replicas"],
			"Ready":    corev1.ReplicationControllerStatus{}.SwaggerDoc()["readyReplicas"],
			"Selector": corev1.ReplicationControllerSpec{}.SwaggerDoc()["selector"],
		}),
	Row:        replicationControllerRow,
	FieldNames: []string{"status.replicas"},
	Fields: func(o *corev1.ReplicationController) map[string]string {
		return map[string]string{"status.replicas": strconv.Itoa(int(o.Status.Replicas))}
	},
})

func defaultReplicationController(o *corev1.ReplicationController) {
	meta.FillPtr(&o.Spec.Replicas, 1)
	t := o.Spec.Template
	if t == nil {
		return
	}
	pod.DefaultTemplate(t)
	if len(o.Spec.Selector) == 0 {
		o.Spec.Selector = maps.Clone(t.Labels)
	}
	if len(o.Labels) == 0 {
		o.Labels = maps.Clone(t.Labels)
	}
}

func validateReplicationController(o *corev1.ReplicationController) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if len(s.Selector) == 0 {
		errs = append(errs, field.Required(p.Child("selector"), ""))
	}
	errs = append(errs, validateControllerTemplate(s, p.Child("template"))...)
	// The rules that are written beside the fields come last.
	errs = append(errs, meta.NonNegativeOr(p.Child("replicas"), s.Replicas)...)
	return append(errs, meta.NonNegative(p.Child("minReadySeconds"), s.MinReadySeconds)...)
}

func validateControllerTemplate(s *corev1.ReplicationControllerSpec, p *field.Path) field.ErrorList {
	t := s.Template
	if t == nil {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	if len(s.Selector) > 0 && !labels.SelectorFromSet(s.Selector).Matches(labels.Set(t.Labels)) {
		errs = append(errs, field.Invalid(p.Child("metadata", "labels"), t.Labels, "`selector` does not match template `labels`"))
	}
	errs = append(errs, pod.ValidateTemplate(t, p)...)
	if t.Spec.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, field.NotSupported(p.Child("spec", "restartPolicy"), t.Spec.RestartPolicy,
			[]corev1.RestartPolicy{corev1.RestartPolicyAlways}))
	}
	if t.Spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(p.Child("spec", "activeDeadlineSeconds"), "activeDeadlineSeconds in ReplicationController is not Supported"))
	}
	return errs
}

func validateReplicationControllerStatus(o, _ *corev1.ReplicationController) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	counts := []struct {
		name string
		n    int32
	}{{"fullyLabeledReplicas", s.FullyLabeledReplicas}, {"readyReplicas", s.ReadyReplicas}, {"availableReplicas", s.AvailableReplicas}}
	errs := meta.NonNegative(p.Child("replicas"), s.Replicas)
	for _, c := range counts {
		errs = append(errs, meta.NonNegative(p.Child(c.name), c.n)...)
	}
	errs = append(errs, meta.NonNegative(p.Child("observedGeneration"), s.ObservedGeneration)...)
	for _, c := range counts {
		if c.n > s.Replicas {
			errs = append(errs, field.Invalid(p.Child(c.name), c.n, "cannot be greater than status.replicas"))
		}
	}
	if s.AvailableReplicas > s.ReadyReplicas {
		errs = append(errs, field.Invalid(p.Child("availableReplicas"), s.AvailableReplicas, "cannot be greater than readyReplicas"))
	}
	return errs
}

func replicationControllerRow(o *corev1.ReplicationController) []any {
	var names, images string
	if o.Spec.Template != nil {
		names, images = table.Containers(o.Spec.Template.Spec.Containers)
	}
	return []any{
		o.Name, table.Number(o.Spec.Replicas), int64(o.Status.Replicas), int64(o.Status.ReadyReplicas),
		table.Age(o.CreationTimestamp), names, images, table.Labels(o.Spec.Selector),
	}
}
