package resource

import (
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// ResourceClaimTemplate makes a ResourceClaim for each pod.
var ResourceClaimTemplate = api.Define(api.Kind[*resourcev1.ResourceClaimTemplate]{
	GVK: gv.WithKind("ResourceClaimTemplate"), Plural: "resourceclaimtemplates", Prefix: "resourceclaimtemplates", Namespaced: true, ReturnsDeleted: true,
	New: api.New[resourcev1.ResourceClaimTemplate], NewList: api.NewList[resourcev1.ResourceClaimTemplateList],

	Default:       func(o *resourcev1.ResourceClaimTemplate) { defaultRequests(o.Spec.Spec.Devices.Requests) },
	PrepareCreate: func(o *resourcev1.ResourceClaimTemplate) { dropFromClaim(&o.Spec.Spec) },
	PrepareUpdate: func(o, old *resourcev1.ResourceClaimTemplate) {
		if !equality.Semantic.DeepEqual(o.Spec, old.Spec) {
			dropFromClaim(&o.Spec.Spec)
		}
	},
	ValidateNew: func(o *resourcev1.ResourceClaimTemplate) field.ErrorList {
		p := field.NewPath("spec")
		errs := apivalidation.ValidateAnnotations(o.Spec.Annotations, p.Child("metadata", "annotations"))
		errs = append(errs, meta.Labels(p.Child("metadata", "labels"), o.Spec.Labels)...)
		return append(errs, validateClaim(&o.Spec.Spec, p.Child("spec"))...)
	},
	ValidateUpdate: func(o, old *resourcev1.ResourceClaimTemplate) field.ErrorList {
		return meta.Immutable(field.NewPath("spec"), o.Spec, old.Spec)
	},

	Columns: table.Of("Name", "Age"),
	Row: func(o *resourcev1.ResourceClaimTemplate) []any {
		return []any{o.Name, table.Age(o.CreationTimestamp)}
	},
})
