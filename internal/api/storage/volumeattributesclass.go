package storage

import (
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// VolumeAttributesClass names qualities of volumes that may change.
var VolumeAttributesClass = api.Define(api.Kind[*storagev1.VolumeAttributesClass]{
	GVK: gv.WithKind("VolumeAttributesClass"), Plural: "volumeattributesclasses", Prefix: "volumeattributesclasses", ReturnsDeleted: true,
	ShortNames: []string{"vac"},
	New:        api.New[storagev1.VolumeAttributesClass], NewList: api.NewList[storagev1.VolumeAttributesClassList],

	Validate: func(o *storagev1.VolumeAttributesClass) field.ErrorList {
		errs := meta.Required(field.NewPath("driverName"), o.DriverName, nil)
		errs = append(errs, provisioner(field.NewPath("driverName"), o.DriverName)...)
		errs = append(errs, validateParameters(o.Parameters, field.NewPath("parameters"))...)
		if len(o.Parameters) == 0 {
			errs = append(errs, field.Required(field.NewPath("parameters"), "must contain at least one key/value pair"))
		}
		return errs
	},
	ValidateUpdate: func(o, old *storagev1.VolumeAttributesClass) field.ErrorList {
		return forbidUpdates(
			change{"driverName", o.DriverName, old.DriverName},
			change{"parameters", o.Parameters, old.Parameters})
	},

	Columns: table.Of("Name", "DriverName", "Age").
		Docs(map[string]string{"DriverName": storagev1.VolumeAttributesClass{}.SwaggerDoc()["driverName"]}),
	Row: func(o *storagev1.VolumeAttributesClass) []any {
		return []any{o.Name, o.DriverName, table.Age(o.CreationTimestamp)}
	},
})
