package storage

import (
	"maps"
	"slices"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// CSIStorageCapacity says how much room a StorageClass has where.
var CSIStorageCapacity = api.Define(api.Kind[*storagev1.CSIStorageCapacity]{
	GVK: gv.WithKind("CSIStorageCapacity"), Plural: "csistoragecapacities", Prefix: "csistoragecapacities", Namespaced: true,
	New: api.New[storagev1.CSIStorageCapacity], NewList: api.NewList[storagev1.CSIStorageCapacityList],
	RequireResourceVersion: true,

	Validate: func(o *storagev1.CSIStorageCapacity) field.ErrorList {
		errs := meta.Selector(field.NewPath("nodeTopology"), o.NodeTopology)
		errs = append(errs, meta.Invalid(field.NewPath("storageClassName"), o.StorageClassName, meta.Subdomain(o.StorageClassName, false))...)
		errs = append(errs, notBelowZero(field.NewPath("capacity"), o.Capacity)...)
		return append(errs, notBelowZero(field.NewPath("maximumVolumeSize"), o.MaximumVolumeSize)...)
	},
	Warnings: capacityWarnings,
	ValidateUpdate: func(o, old *storagev1.CSIStorageCapacity) field.ErrorList {
		errs := meta.Immutable(field.NewPath("nodeTopology"), o.NodeTopology, old.NodeTopology)
		return append(errs, meta.Immutable(field.NewPath("storageClassName"), o.StorageClassName, old.StorageClassName)...)
	},

	Columns: table.Of("Name", "StorageClassName", "Capacity").Docs(map[string]string{
		"StorageClassName": storagev1.CSIStorageCapacity{}.SwaggerDoc()["storageClassName"],
		"Capacity":         storagev1.CSIStorageCapacity{}.SwaggerDoc()["capacity"],
	}),
	Row: func(o *storagev1.CSIStorageCapacity) []any {
		capacity := table.Unset
		if o.Capacity != nil {
			capacity = o.Capacity.String()
		}
		return []any{o.Name, o.StorageClassName, capacity}
	},
})

func notBelowZero(p *field.Path, q *resource.Quantity) field.ErrorList {
	if q == nil || q.Sign() >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p, q.String(), apivalidation.IsNegativeErrorMsg)}
}

func capacityWarnings(o *storagev1.CSIStorageCapacity) []string {
	if o.NodeTopology == nil {
		return nil
	}
	var out []string
	p := field.NewPath("nodeTopology")
	for i, r := range o.NodeTopology.MatchExpressions {
		out = append(out, meta.NodeLabelWarnings(p.Child("matchExpressions").Index(i).Child("key"), r.Key, r.Key+" is ")...)
	}
	for _, label := range slices.Sorted(maps.Keys(o.NodeTopology.MatchLabels)) {
		out = append(out, meta.NodeLabelWarnings(p.Child("matchLabels", label), label)...)
	}
	return out
}
