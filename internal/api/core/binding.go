package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// Binding puts a pod on a node. It is the body of a request and not stored.
var Binding = api.Define(api.Kind[*corev1.Binding]{
	GVK: gv.WithKind("Binding"), Plural: "bindings", Namespaced: true, Verbs: []string{"create"},
	New: api.New[corev1.Binding],

	Validate: func(o *corev1.Binding) field.ErrorList {
		p := field.NewPath("target")
		var errs field.ErrorList
		if o.Target.Kind != "" && o.Target.Kind != "Node" {
			errs = append(errs, field.NotSupported(p.Child("kind"), o.Target.Kind, []string{"Node", "<empty>"}))
		}
		return append(errs, meta.Required(p.Child("name"), o.Target.Name, nil)...)
	},
})
