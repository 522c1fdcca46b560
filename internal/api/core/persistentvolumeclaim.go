package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation/field"

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
		// dataSource and dataSourceRef say the same as long as they can.
		if s := o.Spec.DataSource; s != nil && o.Spec.DataSourceRef == nil {
			o.Spec.DataSourceRef = &corev1.TypedObjectReference{APIGroup: s.APIGroup, Kind: s.Kind, Name: s.Name}
		}
	},
	PrepareCreate:  func(o *corev1.PersistentVolumeClaim) { o.Status.Phase = corev1.ClaimPending },
	Validate:       validateClaim,
	ValidateUpdate: validateClaimUpdate,

	Parts: []api.PartOf[*corev1.PersistentVolumeClaim]{
		api.Status(func(dst, src *corev1.PersistentVolumeClaim) { dst.Status = src.Status }),
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
	Row:        claimRow,
	FieldNames: []string{"name"},
	Fields:     func(o *corev1.PersistentVolumeClaim) map[string]string { return map[string]string{"name": o.Name} },
})

func validateClaim(o *corev1.PersistentVolumeClaim) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := validateAccessModes(s.AccessModes, p.Child("accessModes"))
	errs = append(errs, meta.Selector(p.Child("selector"), s.Selector)...)
	storage, ok := s.Resources.Requests[corev1.ResourceStorage]
	rp := p.Child("resources").Key("storage")
	switch {
	case !ok:
		errs = append(errs, field.Required(rp, ""))
	case storage.Sign() <= 0:
		errs = append(errs, field.Invalid(rp, storage.String(), "must be greater than zero"))
	}
	if c := s.StorageClassName; c != nil && *c != "" {
		errs = append(errs, meta.Name(p.Child("storageClassName"), *c, meta.Subdomain)...)
	}
	return append(errs, meta.EnumOr(p.Child("volumeMode"), s.VolumeMode, corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem)...)
}

const claimMessage = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"

// validateClaimUpdate: a claim may be bound once, may grow once it is bound,
// and may be given the storage class that it was made without.
func validateClaimUpdate(o, old *corev1.PersistentVolumeClaim) field.ErrorList {
	p := field.NewPath("spec")
	was, is := old.Spec.DeepCopy(), o.Spec.DeepCopy()
	if was.VolumeName == "" {
		was.VolumeName = is.VolumeName
	}
	if was.StorageClassName == nil {
		was.StorageClassName = is.StorageClassName
	}
	asked, had := is.Resources.Requests[corev1.ResourceStorage], was.Resources.Requests[corev1.ResourceStorage]
	bound := old.Status.Phase == corev1.ClaimBound
	if bound {
		was.Resources.Requests = is.Resources.Requests
		was.VolumeAttributesClassName = is.VolumeAttributesClassName
	}
	if !equality.Semantic.DeepEqual(was, is) {
		return field.ErrorList{field.Forbidden(p, claimMessage+"\n"+diff.Diff(was, is))}
	}
	current := old.Status.Capacity[corev1.ResourceStorage]
	if asked.Cmp(had) < 0 && asked.Cmp(current) <= 0 {
		return field.ErrorList{field.Forbidden(p.Child("resources", "requests", "storage"), "field can not be less than status.capacity")}
	}
	return nil
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
