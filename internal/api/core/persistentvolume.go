package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// PersistentVolume is a piece of storage.
var PersistentVolume = api.Define(api.Kind[*corev1.PersistentVolume]{
	GVK: gv.WithKind("PersistentVolume"), Plural: "persistentvolumes", Prefix: "persistentvolumes", ReturnsDeleted: true,
	ShortNames: []string{"pv"},
	New:        api.New[corev1.PersistentVolume], NewList: api.NewList[corev1.PersistentVolumeList],

	Default: func(o *corev1.PersistentVolume) {
		meta.Fill(&o.Status.Phase, corev1.VolumePending)
		meta.Fill(&o.Spec.PersistentVolumeReclaimPolicy, corev1.PersistentVolumeReclaimRetain)
		meta.FillPtr(&o.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
		if h := o.Spec.HostPath; h != nil {
			meta.FillPtr(&h.Type, corev1.HostPathUnset)
		}
		if i := o.Spec.ISCSI; i != nil {
			meta.Fill(&i.ISCSIInterface, "default")
		}
		if r := o.Spec.RBD; r != nil {
			meta.Fill(&r.RBDPool, "rbd")
			meta.Fill(&r.RadosUser, "admin")
			meta.Fill(&r.Keyring, "/etc/ceph/keyring")
		}
	},
	PrepareCreate:  func(o *corev1.PersistentVolume) { o.Status.Phase = corev1.VolumePending },
	Validate:       validateVolume,
	ValidateUpdate: validateVolumeUpdate,

	Parts: []api.PartOf[*corev1.PersistentVolume]{
		api.Status(func(dst, src *corev1.PersistentVolume) { dst.Status = src.Status }),
	},

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
		o.Spec.StorageClassName, class, o.Status.Reason, table.Age(o.CreationTimestamp), volumeMode(o.Spec.VolumeMode),
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
