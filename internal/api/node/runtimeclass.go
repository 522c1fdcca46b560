package node

import (
	"maps"
	"slices"

	nodev1 "k8s.io/api/node/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// RuntimeClass names a way to run containers.
var RuntimeClass = api.Define(api.Kind[*nodev1.RuntimeClass]{
	GVK: gv.WithKind("RuntimeClass"), Plural: "runtimeclasses", Prefix: "runtimeclasses",
	New: api.New[nodev1.RuntimeClass], NewList: api.NewList[nodev1.RuntimeClassList],
	RequireResourceVersion: true,

	ValidateNew: func(o *nodev1.RuntimeClass) field.ErrorList {
		return append(validateClass(o), meta.Required(field.NewPath("handler"), o.Handler, validation.IsDNS1123Label)...)
	},
	ValidateUpdate: func(o, old *nodev1.RuntimeClass) field.ErrorList {
		return append(validateClass(o), meta.Fixed(field.NewPath("handler"), o.Handler, old.Handler)...)
	},
	Warnings: warnings,

	Columns: table.Of("Name", "Handler", "Age"),
	Row: func(o *nodev1.RuntimeClass) []any {
		return []any{o.Name, o.Handler, table.Age(o.CreationTimestamp)}
	},
})

func validateClass(o *nodev1.RuntimeClass) field.ErrorList {
	var errs field.ErrorList
	if o.Overhead != nil {
		errs = append(errs, pod.ValidateOverhead(o.Overhead.PodFixed, field.NewPath("overhead"))...)
	}
	if s := o.Scheduling; s != nil {
		errs = append(errs, meta.Labels(field.NewPath("scheduling", "nodeSelector"), s.NodeSelector)...)
		errs = append(errs, pod.ValidateTolerations(s.Tolerations, field.NewPath("scheduling", "tolerations"))...)
	}
	return errs
}

func warnings(o *nodev1.RuntimeClass) []string {
	if o.Scheduling == nil {
		return nil
	}
	var out []string
	for _, label := range slices.Sorted(maps.Keys(o.Scheduling.NodeSelector)) {
		out = append(out, meta.NodeLabelWarnings(field.NewPath("scheduling", "nodeSelector"), label)...)
	}
	return out
}
