package storage

import (
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// VolumeAttachment asks that a volume be attached to a node.
var VolumeAttachment = api.Define(api.Kind[*storagev1.VolumeAttachment]{
	GVK: gv.WithKind("VolumeAttachment"), Plural: "volumeattachments", Prefix: "volumeattachments", ReturnsDeleted: true,
	New: api.New[storagev1.VolumeAttachment], NewList: api.NewList[storagev1.VolumeAttachmentList],
	RequireResourceVersion: true,

	Validate: func(o *storagev1.VolumeAttachment) field.ErrorList {
		p := field.NewPath("spec")
		errs := meta.Required(p.Child("attacher"), o.Spec.Attacher, nil)
		errs = append(errs, meta.Name(p.Child("nodeName"), o.Spec.NodeName, meta.Subdomain)...)
		s := o.Spec.Source
		switch {
		case s.PersistentVolumeName == nil && s.InlineVolumeSpec == nil:
			errs = append(errs, field.Required(p.Child("source"), "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
		case s.PersistentVolumeName != nil && s.InlineVolumeSpec != nil:
			errs = append(errs, field.Forbidden(p.Child("source"), "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
		case s.PersistentVolumeName != nil:
			errs = append(errs, meta.Required(p.Child("source", "persistentVolumeName"), *s.PersistentVolumeName, nil)...)
		}
		return errs
	},
	ValidateUpdate: func(o, old *storagev1.VolumeAttachment) field.ErrorList {
		return meta.Immutable(field.NewPath("spec"), o.Spec, old.Spec)
	},
	Parts: []api.PartOf[*storagev1.VolumeAttachment]{
		api.Status(func(dst, src *storagev1.VolumeAttachment) { dst.Status = src.Status }),
	},

	Columns: table.Of("Name", "Attacher", "PV", "Node", "Attached", "Age"),
	Row: func(o *storagev1.VolumeAttachment) []any {
		pv := ""
		if n := o.Spec.Source.PersistentVolumeName; n != nil {
			pv = *n
		}
		return []any{o.Name, o.Spec.Attacher, pv, o.Spec.NodeName, o.Status.Attached, table.Age(o.CreationTimestamp)}
	},
})
