package core

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

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

	Default:        defaultClaim,
	PrepareCreate:  prepareClaim,
	PrepareUpdate:  prepareClaimUpdate,
	Validate:       validateClaim,
	ValidateUpdate: validateClaimUpdate,
	Warnings:       claimWarnings,

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

func defaultClaim(o *corev1.PersistentVolumeClaim) {
	meta.Fill(&o.Status.Phase, corev1.ClaimPending)
	meta.FillPtr(&o.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
	for _, list := range []corev1.ResourceList{
		o.Spec.Resources.Requests, o.Spec.Resources.Limits, o.Status.Capacity, o.Status.AllocatedResources,
	} {
		meta.RoundUp(list)
	}
}

func prepareClaim(o *corev1.PersistentVolumeClaim) {
	o.Status.Phase = corev1.ClaimPending
	settleSources(&o.Spec, &corev1.PersistentVolumeClaimSpec{})
}

func prepareClaimUpdate(o, old *corev1.PersistentVolumeClaim) { settleSources(&o.Spec, &old.Spec) }

// settleSources settles what a new volume is filled from: as KEP-1495 has it,
// with sources in other namespaces left to those who switch them on. old is the
// claim before, empty for a new one.
func settleSources(s, old *corev1.PersistentVolumeClaimSpec) {
	if r := s.DataSourceRef; r != nil && r.Namespace != nil && *r.Namespace != "" && old.DataSourceRef == nil {
		s.DataSourceRef = nil
	}
	// The elder field never took anything else, and never said so.
	if old.DataSource == nil && old.DataSourceRef == nil && s.DataSourceRef == nil && !claimOrSnapshot(s.DataSource) {
		s.DataSource = nil
	}
	alikeSources(s)
}

func claimOrSnapshot(d *corev1.TypedLocalObjectReference) bool {
	if d == nil {
		return false
	}
	group := ptr.Deref(d.APIGroup, "")
	return d.Kind == "PersistentVolumeClaim" && group == "" || d.Kind == "VolumeSnapshot" && group == "snapshot.storage.k8s.io"
}

// alikeSources makes dataSource and dataSourceRef say the same, as long as they
// can: dataSource knows of its own namespace alone.
func alikeSources(s *corev1.PersistentVolumeClaimSpec) {
	switch d, r := s.DataSource, s.DataSourceRef; {
	case d != nil && r == nil:
		s.DataSourceRef = &corev1.TypedObjectReference{APIGroup: d.APIGroup, Kind: d.Kind, Name: d.Name}
	case d == nil && r != nil && (r.Namespace == nil || *r.Namespace == ""):
		s.DataSource = &corev1.TypedLocalObjectReference{APIGroup: r.APIGroup, Kind: r.Kind, Name: r.Name}
	}
}

func claimWarnings(o *corev1.PersistentVolumeClaim) []string {
	out := classAnnotationWarnings(o.Annotations)
	for _, f := range []struct {
		name string
		list corev1.ResourceList
	}{{"requests", o.Spec.Resources.Requests}, {"limits", o.Spec.Resources.Limits}} {
		if q := f.list[corev1.ResourceStorage]; q.MilliValue()%1000 != 0 {
			out = append(out, fmt.Sprintf("spec.resources.%s[storage]: fractional byte value %q is invalid, must be an integer", f.name, q.String()))
		}
	}
	return out
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

// StorageClassOf names the class of a claim; "" is none.
func StorageClassOf(o *corev1.PersistentVolumeClaim) string {
	return classOf(o.Annotations, ptr.Deref(o.Spec.StorageClassName, ""))
}

// classOf is the storage class that an annotation names, from before there was
// a field for it, or else the field.
func classOf(annotations map[string]string, class string) string {
	if annotated, ok := annotations[corev1.BetaStorageClassAnnotation]; ok {
		return annotated
	}
	return class
}
