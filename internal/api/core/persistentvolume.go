package core

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// PersistentVolume is a piece of storage.
var PersistentVolume = api.Define(api.Kind[*corev1.PersistentVolume]{
	GVK: gv.WithKind("PersistentVolume"), Plural: "persistentvolumes", Prefix: "persistentvolumes", ReturnsDeleted: true,
	ShortNames: []string{"pv"},
	New:        api.New[corev1.PersistentVolume], NewList: api.NewList[corev1.PersistentVolumeList],

	Default:        defaultPersistentVolume,
	PrepareCreate:  prepareVolume,
	Validate:       validateVolume,
	ValidateUpdate: validateVolumeUpdate,
	Warnings:       volumeWarnings,

	Parts: []api.PartOf[*corev1.PersistentVolume]{volumeStatus()},

	Columns: table.Of("Name", "Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass",
		"VolumeAttributesClass", "Reason", "Age").Wide("VolumeMode").
		Docs(map[string]string{
			"Capacity":              corev1.PersistentVolumeSpec{}.SwaggerDoc()["capacity"],
			"Access Modes":          corev1.PersistentVolumeSpec{}.SwaggerDoc()["accessModes"],
			"Reclaim Policy":        corev1.PersistentVolumeSpec{}.SwaggerDoc()["persistentVolumeReclaimPolicy"],
			"Status":                corev1.PersistentVolumeStatus{}.SwaggerDoc()["phase"],
			"Claim":                 corev1.PersistentVolumeSpec{}.SwaggerDoc()["claimRef"],
			"StorageClass":          "StorageClass of the pv",
			"VolumeAttributesClass": "VolumeAttributesClass of the pv",
			"Reason":                corev1.PersistentVolumeStatus{}.SwaggerDoc()["reason"],
			"VolumeMode":            corev1.PersistentVolumeSpec{}.SwaggerDoc()["volumeMode"],
		}),
	Row: volumeRow,
})

func defaultPersistentVolume(o *corev1.PersistentVolume) {
	s := &o.Spec
	meta.Fill(&o.Status.Phase, corev1.VolumePending)
	meta.Fill(&s.PersistentVolumeReclaimPolicy, corev1.PersistentVolumeReclaimRetain)
	meta.FillPtr(&s.VolumeMode, corev1.PersistentVolumeFilesystem)
	meta.RoundUp(s.Capacity)
	if h := s.HostPath; h != nil {
		meta.FillPtr(&h.Type, corev1.HostPathUnset)
	}
	if i := s.ISCSI; i != nil {
		meta.Fill(&i.ISCSIInterface, "default")
	}
	if r := s.RBD; r != nil {
		meta.Fill(&r.RBDPool, "rbd")
		meta.Fill(&r.RadosUser, "admin")
		meta.Fill(&r.Keyring, "/etc/ceph/keyring")
	}
	if c := s.ScaleIO; c != nil {
		meta.Fill(&c.StorageMode, "ThinProvisioned")
		meta.Fill(&c.FSType, "xfs")
	}
	if d := s.AzureDisk; d != nil {
		meta.FillPtr(&d.CachingMode, corev1.AzureDataDiskCachingReadWrite)
		meta.FillPtr(&d.Kind, corev1.AzureSharedBlobDisk)
		meta.FillPtr(&d.FSType, "ext4")
		meta.FillPtr(&d.ReadOnly, false)
	}
}

func prepareVolume(o *corev1.PersistentVolume) {
	o.Status.Phase, o.Status.LastPhaseTransitionTime = corev1.VolumePending, presentTime()
}

func presentTime() *metav1.Time {
	now := metav1.Now().Rfc3339Copy() // what the API shows of it
	return &now
}

// volumeStatus notes when a volume came into its phase, unless the client says
// when that was.
func volumeStatus() api.PartOf[*corev1.PersistentVolume] {
	part := api.Status(func(dst, src *corev1.PersistentVolume) { dst.Status = src.Status })
	write := part.Copy
	part.Copy = func(dst, src *corev1.PersistentVolume) {
		was := dst.Status
		write(dst, src)
		told, before := dst.Status.LastPhaseTransitionTime, was.LastPhaseTransitionTime
		switch {
		case dst.Status.Phase == was.Phase && told == nil:
			dst.Status.LastPhaseTransitionTime = before
		case dst.Status.Phase != was.Phase && (told == nil || told.Equal(before)):
			dst.Status.LastPhaseTransitionTime = presentTime()
		}
	}
	return part
}

func volumeRow(o *corev1.PersistentVolume) []any {
	claim := ""
	if c := o.Spec.ClaimRef; c != nil {
		claim = c.Namespace + "/" + c.Name
	}
	phase := string(o.Status.Phase)
	if o.DeletionTimestamp != nil {
		phase = "Terminating"
	}
	size := o.Spec.Capacity[corev1.ResourceStorage]
	class := table.Unset
	if c := o.Spec.VolumeAttributesClassName; c != nil {
		class = *c
	}
	return []any{
		o.Name, size.String(), accessModes(o.Spec.AccessModes), string(o.Spec.PersistentVolumeReclaimPolicy), phase, claim,
		classOf(o.Annotations, o.Spec.StorageClassName), class, o.Status.Reason, table.Age(o.CreationTimestamp), volumeMode(o.Spec.VolumeMode),
	}
}

func volumeMode(m *corev1.PersistentVolumeMode) string {
	if m == nil {
		return table.Unset
	}
	return string(*m)
}

// accessModes in the short form that everyone knows: "RWO,ROX".
func accessModes(modes []corev1.PersistentVolumeAccessMode) string {
	out := ""
	for _, m := range []struct {
		mode  corev1.PersistentVolumeAccessMode
		short string
	}{
		{corev1.ReadWriteOnce, "RWO"}, {corev1.ReadOnlyMany, "ROX"}, {corev1.ReadWriteMany, "RWX"}, {corev1.ReadWriteOncePod, "RWOP"},
	} {
		for _, have := range modes {
			if have == m.mode {
				if out != "" {
					out += ","
				}
				out += m.short
				break
			}
		}
	}
	return out
}
