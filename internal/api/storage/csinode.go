package storage

import (
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// CSINode says which storage drivers a node has.
var CSINode = api.Define(api.Kind[*storagev1.CSINode]{
	GVK: gv.WithKind("CSINode"), Plural: "csinodes", Prefix: "csinodes", ReturnsDeleted: true,
	New: api.New[storagev1.CSINode], NewList: api.NewList[storagev1.CSINodeList],
	RequireResourceVersion: true,

	Validate: func(o *storagev1.CSINode) field.ErrorList {
		var errs field.ErrorList
		names := meta.Unique[string]{}
		for i, d := range o.Spec.Drivers {
			p := field.NewPath("spec", "drivers").Index(i)
			errs = append(errs, meta.Required(p.Child("name"), d.Name, nil)...)
			errs = append(errs, names.Check(p.Child("name"), d.Name)...)
			errs = append(errs, meta.Required(p.Child("nodeID"), d.NodeID, nil)...)
		}
		return errs
	},

	Columns: table.Of("Name", "Drivers", "Age").Integers("Drivers"),
	Row: func(o *storagev1.CSINode) []any {
		return []any{o.Name, int64(len(o.Spec.Drivers)), table.Age(o.CreationTimestamp)}
	},
})
