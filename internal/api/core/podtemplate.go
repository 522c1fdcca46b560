package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// PodTemplate keeps a template of pods.
var PodTemplate = api.Define(api.Kind[*corev1.PodTemplate]{
	GVK: gv.WithKind("PodTemplate"), Plural: "podtemplates", Prefix: "podtemplates", Namespaced: true,
	New: api.New[corev1.PodTemplate], NewList: api.NewList[corev1.PodTemplateList],
	Spec:                func(o *corev1.PodTemplate) any { return o.Template },
	AllowCreateOnUpdate: true,
})
