package storage

import (
	storagev1 "k8s.io/api/storage/v1"

	"skiff/internal/api"
)

// VolumeAttachment asks that a volume be attached to a node.
var VolumeAttachment = api.Define(api.Kind[*storagev1.VolumeAttachment]{
	GVK: gv.WithKind("VolumeAttachment"), Plural: "volumeattachments", Prefix: "volumeattachments",
	New: api.New[storagev1.VolumeAttachment], NewList: api.NewList[storagev1.VolumeAttachmentList],
	RequireResourceVersion: true,
	Parts: []api.PartOf[*storagev1.VolumeAttachment]{
		api.Status(func(dst, src *storagev1.VolumeAttachment) { dst.Status = src.Status }),
	},
})
