package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// PodTemplate keeps a template of pods.
var PodTemplate = api.Define(api.Kind[*corev1.PodTemplate]{
	GVK: gv.WithKind("PodTemplate"), Plural: "podtemplates", Prefix: "podtemplates", Namespaced: true, ReturnsDeleted: true,
	New: api.New[corev1.PodTemplate], NewList: api.NewList[corev1.PodTemplateList],

	Default: func(o *corev1.PodTemplate) { pod.DefaultTemplate(&o.Template) },
	Validate: func(o *corev1.PodTemplate) field.ErrorList {
		return pod.ValidateTemplate(&o.Template, field.NewPath("template"))
	},
	Warnings: func(o *corev1.PodTemplate) []string {
		return pod.TemplateWarnings(&o.Template, field.NewPath("template"))
	},
	UpdateWarnings: func(o, old *corev1.PodTemplate) []string {
		return pod.TemplateUpdateWarnings(o, old, &o.Template, field.NewPath("template"))
	},
	Spec: func(o *corev1.PodTemplate) any { return o.Template },

	Columns: table.Of("Name", "Containers", "Images", "Pod Labels").Docs(map[string]string{"Pod Labels": "The labels for the pod template."}),
	Row: func(o *corev1.PodTemplate) []any {
		names, images := table.Containers(o.Template.Spec.Containers)
		return []any{o.Name, names, images, table.Labels(o.Template.Labels)}
	},
})
