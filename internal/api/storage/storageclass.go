package storage

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// StorageClass names a way to make volumes.
var StorageClass = api.Define(api.Kind[*storagev1.StorageClass]{
	GVK: gv.WithKind("StorageClass"), Plural: "storageclasses", Prefix: "storageclasses", ReturnsDeleted: true,
	ShortNames: []string{"sc"},
	New:        api.New[storagev1.StorageClass], NewList: api.NewList[storagev1.StorageClassList],

	Default: func(o *storagev1.StorageClass) {
		meta.FillPtr(&o.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)
		meta.FillPtr(&o.VolumeBindingMode, storagev1.VolumeBindingImmediate)
	},
	Validate: func(o *storagev1.StorageClass) field.ErrorList {
		errs := meta.Required(field.NewPath("provisioner"), o.Provisioner, validation.IsQualifiedName)
		errs = append(errs, meta.EnumOr(field.NewPath("reclaimPolicy"), o.ReclaimPolicy,
			corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRetain)...)
		return append(errs, meta.EnumOr(field.NewPath("volumeBindingMode"), o.VolumeBindingMode,
			storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer)...)
	},
	ValidateUpdate: validateClassUpdate,

	Columns: table.Of("Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"),
	Row:     classRow,
})

func validateClassUpdate(o, old *storagev1.StorageClass) field.ErrorList {
	var errs field.ErrorList
	for _, f := range []struct {
		name    string
		is, was any
	}{
		{"parameters", o.Parameters, old.Parameters},
		{"provisioner", o.Provisioner, old.Provisioner},
		{"reclaimPolicy", o.ReclaimPolicy, old.ReclaimPolicy},
	} {
		if !equality.Semantic.DeepEqual(f.is, f.was) {
			errs = append(errs, field.Forbidden(field.NewPath(f.name), "updates to "+f.name+" are forbidden."))
		}
	}
	return append(errs, meta.Immutable(field.NewPath("volumeBindingMode"), o.VolumeBindingMode, old.VolumeBindingMode)...)
}

// defaultAnnotations mark the class of claims that name none.
var defaultAnnotations = []string{"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}

func classRow(o *storagev1.StorageClass) []any {
	name := o.Name
	for _, a := range defaultAnnotations {
		if o.Annotations[a] == "true" {
			name = o.Name + " (default)"
		}
	}
	policy, mode := string(corev1.PersistentVolumeReclaimDelete), string(storagev1.VolumeBindingImmediate)
	if o.ReclaimPolicy != nil {
		policy = string(*o.ReclaimPolicy)
	}
	if o.VolumeBindingMode != nil {
		mode = string(*o.VolumeBindingMode)
	}
	expand := o.AllowVolumeExpansion != nil && *o.AllowVolumeExpansion
	return []any{name, o.Provisioner, policy, mode, expand, table.Age(o.CreationTimestamp)}
}
