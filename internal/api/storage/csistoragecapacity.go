package storage

import (
	storagev1 "k8s.io/api/storage/v1"
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
		if o.Capacity != nil && o.Capacity.Sign() < 0 {
			errs = append(errs, field.Invalid(field.NewPath("capacity"), o.Capacity.String(), apivalidation.IsNegativeErrorMsg))
		}
		return errs
	},
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
