package storagemigration

import (
	storagemigrationv1 "k8s.io/api/storagemigration/v1"

	"skiff/internal/api"
)

// StorageVersionMigration rewrites stored objects in the present version.
var StorageVersionMigration = api.Define(api.Kind[*storagemigrationv1.StorageVersionMigration]{
	GVK: gv.WithKind("StorageVersionMigration"), Plural: "storageversionmigrations", Prefix: "storageversionmigrations",
	New: api.New[storagemigrationv1.StorageVersionMigration], NewList: api.NewList[storagemigrationv1.StorageVersionMigrationList],
	Parts: []api.PartOf[*storagemigrationv1.StorageVersionMigration]{
		api.Status(func(dst, src *storagemigrationv1.StorageVersionMigration) { dst.Status = src.Status }),
	},
})
