package storage

import (
	"strings"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// CSIDriver says how a storage driver wants to be used.
var CSIDriver = api.Define(api.Kind[*storagev1.CSIDriver]{
	GVK: gv.WithKind("CSIDriver"), Plural: "csidrivers", Prefix: "csidrivers", ReturnsDeleted: true,
	New: api.New[storagev1.CSIDriver], NewList: api.NewList[storagev1.CSIDriverList],
	RequireResourceVersion: true,

	Default: func(o *storagev1.CSIDriver) {
		s := &o.Spec
		meta.FillPtr(&s.AttachRequired, true)
		meta.FillPtr(&s.PodInfoOnMount, false)
		meta.FillPtr(&s.StorageCapacity, false)
		meta.FillPtr(&s.FSGroupPolicy, storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy)
		meta.FillPtr(&s.RequiresRepublish, false)
		meta.FillPtr(&s.SELinuxMount, false)
		if len(s.VolumeLifecycleModes) == 0 {
			s.VolumeLifecycleModes = []storagev1.VolumeLifecycleMode{storagev1.VolumeLifecyclePersistent}
		}
	},
	ValidateUpdate: func(o, old *storagev1.CSIDriver) field.ErrorList {
		p := field.NewPath("spec")
		errs := meta.Immutable(p.Child("attachedRequired"), o.Spec.AttachRequired, old.Spec.AttachRequired)
		return append(errs, meta.Immutable(p.Child("volumeLifecycleModes"), o.Spec.VolumeLifecycleModes, old.Spec.VolumeLifecycleModes)...)
	},
	Spec: func(o *storagev1.CSIDriver) any { return o.Spec },

	Columns: table.Of("Name", "AttachRequired", "PodInfoOnMount", "StorageCapacity", "TokenRequests", "RequiresRepublish", "Modes", "Age"),
	Row:     driverRow,
})

func driverRow(o *storagev1.CSIDriver) []any {
	s := o.Spec
	var tokens, modes []string
	for _, t := range s.TokenRequests {
		tokens = append(tokens, t.Audience)
	}
	for _, m := range s.VolumeLifecycleModes {
		modes = append(modes, string(m))
	}
	return []any{
		o.Name, s.AttachRequired == nil || *s.AttachRequired, isTrue(s.PodInfoOnMount), isTrue(s.StorageCapacity),
		table.Or(strings.Join(tokens, ","), table.Unset), isTrue(s.RequiresRepublish), table.Join(modes), table.Age(o.CreationTimestamp),
	}
}

func isTrue(b *bool) bool { return b != nil && *b }
