package storage

import (
	"math"
	"unicode/utf8"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
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

	ValidateNew: func(o *storagev1.VolumeAttachment) field.ErrorList {
		p := field.NewPath("spec")
		errs := validateAttachment(o)
		if n := o.Spec.Source.PersistentVolumeName; n != nil {
			errs = append(errs, meta.Invalid(p.Child("source", "persistentVolumeName"), *n, meta.Subdomain(*n, false))...)
		}
		return append(errs, validateAttacher(o.Spec.Attacher, p.Child("attacher"))...)
	},
	ValidateUpdate: func(o, old *storagev1.VolumeAttachment) field.ErrorList {
		return append(validateAttachment(o), meta.Fixed(field.NewPath("spec"), o.Spec, old.Spec)...)
	},
	Parts: []api.PartOf[*storagev1.VolumeAttachment]{
		api.StatusOnly(func(dst, src *storagev1.VolumeAttachment) { dst.Status = src.Status }).
			Validated(func(o, _ *storagev1.VolumeAttachment) field.ErrorList { return validateAttachment(o) }),
	},

	Columns: table.Of("Name", "Attacher", "PV", "Node", "Attached", "Age").Booleans("Attached").Named("Attacher").Docs(map[string]string{
		"Attacher": storagev1.VolumeAttachmentSpec{}.SwaggerDoc()["attacher"],
		"PV":       storagev1.VolumeAttachmentSource{}.SwaggerDoc()["persistentVolumeName"],
		"Node":     storagev1.VolumeAttachmentSpec{}.SwaggerDoc()["nodeName"],
		"Attached": storagev1.VolumeAttachmentStatus{}.SwaggerDoc()["attached"],
	}),
	Row: func(o *storagev1.VolumeAttachment) []any {
		pv := ""
		if n := o.Spec.Source.PersistentVolumeName; n != nil {
			pv = *n
		}
		return []any{o.Name, o.Spec.Attacher, pv, o.Spec.NodeName, o.Status.Attached, table.Age(o.CreationTimestamp)}
	},
})

// validateAttachment judges an attachment, but for its attacher, which clients
// hear of last.
func validateAttachment(o *storagev1.VolumeAttachment) field.ErrorList {
	p := field.NewPath("spec")
	errs := validateSource(&o.Spec.Source, p.Child("source"))
	errs = append(errs, meta.Invalid(p.Child("nodeName"), o.Spec.NodeName, meta.Subdomain(o.Spec.NodeName, false))...)
	return append(errs, validateAttached(&o.Status, field.NewPath("status"))...)
}

func validateSource(s *storagev1.VolumeAttachmentSource, p *field.Path) field.ErrorList {
	const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
	switch {
	case s.PersistentVolumeName == nil && s.InlineVolumeSpec == nil:
		return field.ErrorList{field.Required(p, one)}
	case s.PersistentVolumeName != nil && s.InlineVolumeSpec != nil:
		return field.ErrorList{field.Forbidden(p, one)}
	case s.PersistentVolumeName != nil && *s.PersistentVolumeName == "":
		return field.ErrorList{field.Required(p.Child("persistentVolumeName"), "must specify non empty persistentVolumeName")}
	}
	return nil
}

func validateAttacher(name string, p *field.Path) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	errs := meta.Invalid(p, name, content.IsDNS1123SubdomainCaseless(name))
	if utf8.RuneCountInString(name) > maxDriverName {
		errs = append(errs, field.TooLongCharacters(p, name, maxDriverName))
	}
	return errs
}

// Bounds on what a driver says of an attachment.
const (
	maxAttachmentMetadata = 256 << 10
	maxVolumeErrorMessage = 1024
)

func validateAttached(s *storagev1.VolumeAttachmentStatus, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if sizeOf(s.AttachmentMetadata) > maxAttachmentMetadata {
		errs = append(errs, field.TooLong(p.Child("attachmentMetadata"), "", maxAttachmentMetadata))
	}
	errs = append(errs, validateVolumeError(s.AttachError, p.Child("attachError"))...)
	return append(errs, validateVolumeError(s.DetachError, p.Child("detachError"))...)
}

func validateVolumeError(e *storagev1.VolumeError, p *field.Path) field.ErrorList {
	if e == nil {
		return nil
	}
	var errs field.ErrorList
	if len(e.Message) > maxVolumeErrorMessage {
		// The bound that is named is the other one, as clients know it.
		errs = append(errs, field.TooLong(p.Child("message"), "", maxAttachmentMetadata))
	}
	if e.ErrorCode != nil && *e.ErrorCode < 0 {
		errs = append(errs, field.Invalid(p.Child("errorCode"), *e.ErrorCode, validation.InclusiveRangeError(0, math.MaxInt32)))
	}
	return errs
}
