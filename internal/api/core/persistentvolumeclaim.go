package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// The finalizers that keep a claim while a pod uses it, and a volume while it
// is bound to a claim.
const (
	ClaimProtectionFinalizer  = "kubernetes.io/pvc-protection"
	VolumeProtectionFinalizer = "kubernetes.io/pv-protection"
)

// PersistentVolumeClaim asks for a piece of storage.
var PersistentVolumeClaim = api.Define(api.Kind[*corev1.PersistentVolumeClaim]{
	GVK: gv.WithKind("PersistentVolumeClaim"), Plural: "persistentvolumeclaims", Prefix: "persistentvolumeclaims", Namespaced: true, ReturnsDeleted: true,
	ShortNames: []string{"pvc"},
	New:        api.New[corev1.PersistentVolumeClaim], NewList: api.NewList[corev1.PersistentVolumeClaimList],

	Default: func(o *corev1.PersistentVolumeClaim) {
		meta.Fill(&o.Status.Phase, corev1.ClaimPending)
		meta.FillPtr(&o.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
		alikeSources(&o.Spec)
	},
	PrepareCreate:  func(o *corev1.PersistentVolumeClaim) { o.Status.Phase = corev1.ClaimPending },
	Validate:       validateClaim,
	ValidateUpdate: validateClaimUpdate,

	Parts: []api.PartOf[*corev1.PersistentVolumeClaim]{
		api.Status(func(dst, src *corev1.PersistentVolumeClaim) { dst.Status = src.Status }).Validated(validateClaimStatus),
	},

	Columns: table.Of("Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age").Wide("VolumeMode").
		Docs(map[string]string{
			"Status":                corev1.PersistentVolumeClaimStatus{}.SwaggerDoc()["phase"],
			"Volume":                corev1.PersistentVolumeClaimSpec{}.SwaggerDoc()["volumeName"],
			"Capacity":              corev1.PersistentVolumeClaimStatus{}.SwaggerDoc()["capacity"],
			"Access Modes":          corev1.PersistentVolumeClaimStatus{}.SwaggerDoc()["accessModes"],
			"StorageClass":          "StorageClass of the pvc",
			"VolumeAttributesClass": "VolumeAttributesClass of the pvc",
			"VolumeMode":            corev1.PersistentVolumeClaimSpec{}.SwaggerDoc()["volumeMode"],
		}),
	Row: claimRow,
})

// alikeSources makes dataSource and dataSourceRef say the same, as long as they
// can: dataSource takes claims and snapshots of the same namespace only.
func alikeSources(s *corev1.PersistentVolumeClaimSpec) {
	switch d, r := s.DataSource, s.DataSourceRef; {
	case d != nil && r == nil:
		s.DataSourceRef = &corev1.TypedObjectReference{APIGroup: d.APIGroup, Kind: d.Kind, Name: d.Name}
	case d == nil && r != nil && (r.Namespace == nil || *r.Namespace == ""):
		s.DataSource = &corev1.TypedLocalObjectReference{APIGroup: r.APIGroup, Kind: r.Kind, Name: r.Name}
	}
}

func claimRow(o *corev1.PersistentVolumeClaim) []any {
	phase := string(o.Status.Phase)
	if o.DeletionTimestamp != nil {
		phase = "Terminating"
	}
	capacity, modes := "", ""
	if o.Spec.VolumeName != "" {
		modes = accessModes(o.Status.AccessModes)
		q := o.Status.Capacity[corev1.ResourceStorage]
		capacity = q.String()
	}
	class, attributes := StorageClassOf(o), table.Unset
	if c := o.Spec.VolumeAttributesClassName; c != nil {
		attributes = *c
	}
	return []any{
		o.Name, phase, o.Spec.VolumeName, capacity, modes, class, attributes,
		table.Age(o.CreationTimestamp), volumeMode(o.Spec.VolumeMode),
	}
}

// StorageClassOf names the class of a claim; "" is none. The annotation is from
// before there was a field for it.
func StorageClassOf(o *corev1.PersistentVolumeClaim) string {
	if class := o.Annotations[corev1.BetaStorageClassAnnotation]; class != "" {
		return class
	}
	if class := o.Spec.StorageClassName; class != nil {
		return *class
	}
	return ""
}
