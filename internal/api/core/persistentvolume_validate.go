package core

import (
	"fmt"
	"maps"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/volume"
)

func validateVolume(o *corev1.PersistentVolume) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if len(s.AccessModes) == 0 {
		errs = append(errs, field.Required(p.Child("accessModes"), ""))
	}
	errs = append(errs, volume.AccessModes(p.Child("accessModes"), s.AccessModes)...)
	errs = append(errs, validateCapacity(s.Capacity, p.Child("capacity"))...)
	rp := p.Child("persistentVolumeReclaimPolicy")
	if s.PersistentVolumeReclaimPolicy != "" {
		errs = append(errs, meta.OneOf(rp, s.PersistentVolumeReclaimPolicy,
			corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRecycle, corev1.PersistentVolumeReclaimRetain)...)
	}
	if a := s.NodeAffinity; a != nil {
		if a.Required == nil {
			errs = append(errs, field.Required(p.Child("nodeAffinity", "required"), "must specify required node constraints"))
		} else {
			errs = append(errs, pod.ValidateNodeSelector(a.Required, p.Child("nodeAffinity", "required"))...)
		}
	}
	errs = append(errs, volume.One(p, volumeSources(s, o.Name, p))...)
	if s.HostPath != nil && path.Clean(s.HostPath.Path) == "/" && s.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRecycle {
		errs = append(errs, field.Forbidden(rp, "may not be 'recycle' for a hostPath mount of '/'"))
	}
	errs = append(errs, meta.OptionalName(p.Child("storageClassName"), s.StorageClassName, meta.Subdomain)...)
	errs = append(errs, volume.Mode(p.Child("volumeMode"), s.VolumeMode)...)
	return append(errs, validateVolumeClass(s, p)...)
}

func validateCapacity(list corev1.ResourceList, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(list) == 0 {
		errs = append(errs, field.Required(p, ""))
	}
	if _, ok := list[corev1.ResourceStorage]; !ok || len(list) > 1 {
		errs = append(errs, field.NotSupported(p, list, []corev1.ResourceName{corev1.ResourceStorage}))
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		q := list[name]
		if q.Value() < 0 {
			errs = append(errs, field.Invalid(p.Key(string(name)), q.Value(), "must be a valid resource quantity"))
		}
		if q.Sign() <= 0 {
			errs = append(errs, field.Invalid(p.Key(string(name)), q.String(), "must be greater than zero"))
		}
	}
	return errs
}

// validateVolumeClass: only a CSI driver knows attributes of a volume that may
// change.
func validateVolumeClass(s *corev1.PersistentVolumeSpec, p *field.Path) field.ErrorList {
	c := s.VolumeAttributesClassName
	if c == nil {
		return nil
	}
	var errs field.ErrorList
	if *c == "" {
		errs = append(errs, field.Required(p.Child("volumeAttributesClassName"), "an empty string is disallowed"))
	} else {
		errs = append(errs, meta.Name(p.Child("volumeAttributesClassName"), *c, meta.Subdomain)...)
	}
	if s.CSI == nil {
		errs = append(errs, field.Required(p.Child("csi"), "has to be specified when using volumeAttributesClassName"))
	}
	return errs
}

// volumeSources are the places that a PersistentVolume called name may be. spec
// is where it says so.
func volumeSources(s *corev1.PersistentVolumeSpec, name string, spec *field.Path) []volume.Source {
	return []volume.Source{
		{Name: "hostPath", Set: s.HostPath != nil, Rules: func(p *field.Path) field.ErrorList { return volume.HostPath(s.HostPath, p) }},
		{Name: "gcePersistentDisk", Path: "persistentDisk", Set: s.GCEPersistentDisk != nil, Rules: func(p *field.Path) field.ErrorList { return volume.GCEDisk(s.GCEPersistentDisk, p) }},
		{Name: "awsElasticBlockStore", Set: s.AWSElasticBlockStore != nil, Rules: func(p *field.Path) field.ErrorList { return volume.AWSDisk(s.AWSElasticBlockStore, p) }},
		{Name: "glusterfs", Set: s.Glusterfs != nil, Rules: func(p *field.Path) field.ErrorList { return volume.GlusterfsPersistent(s.Glusterfs, p) }},
		{Name: "flocker", Set: s.Flocker != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Flocker(s.Flocker, p) }},
		{Name: "nfs", Set: s.NFS != nil, Rules: func(p *field.Path) field.ErrorList { return volume.NFS(s.NFS, p) }},
		{Name: "rbd", Set: s.RBD != nil, Rules: func(p *field.Path) field.ErrorList { return volume.RBD(s.RBD.CephMonitors, s.RBD.RBDImage, p) }},
		{Name: "quobyte", Set: s.Quobyte != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Quobyte(s.Quobyte, p) }},
		{Name: "cephFS", Path: "cephfs", Set: s.CephFS != nil, Rules: func(p *field.Path) field.ErrorList { return volume.CephFS(s.CephFS.Monitors, p) }},
		{Name: "iscsi", Set: s.ISCSI != nil, Rules: func(p *field.Path) field.ErrorList { return volume.ISCSIPersistent(s.ISCSI, name, p) }},
		{Name: "cinder", Set: s.Cinder != nil, Rules: func(p *field.Path) field.ErrorList { return volume.CinderPersistent(s.Cinder, p) }},
		{Name: "fc", Set: s.FC != nil, Rules: func(p *field.Path) field.ErrorList { return volume.FC(s.FC, p) }},
		{Name: "flexVolume", Beside: true, Set: s.FlexVolume != nil, Rules: func(p *field.Path) field.ErrorList {
			return volume.Flex(s.FlexVolume.Driver, s.FlexVolume.Options, p)
		}},
		{Name: "azureFile", Set: s.AzureFile != nil, Rules: func(p *field.Path) field.ErrorList { return volume.AzureFilePersistent(s.AzureFile, p) }},
		{Name: "vsphereVolume", Set: s.VsphereVolume != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Vsphere(s.VsphereVolume, p) }},
		{Name: "photonPersistentDisk", Set: s.PhotonPersistentDisk != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Photon(s.PhotonPersistentDisk, p) }},
		{Name: "portworxVolume", Set: s.PortworxVolume != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Portworx(s.PortworxVolume, p) }},
		{Name: "azureDisk", Set: s.AzureDisk != nil, Rules: func(p *field.Path) field.ErrorList { return volume.AzureDisk(s.AzureDisk, p) }},
		{Name: "scaleIO", Set: s.ScaleIO != nil, Rules: func(p *field.Path) field.ErrorList {
			return volume.ScaleIO(s.ScaleIO.Gateway, s.ScaleIO.System, s.ScaleIO.VolumeName, p)
		}},
		{Name: "local", Set: s.Local != nil, Rules: func(p *field.Path) field.ErrorList {
			errs := volume.Local(s.Local, p)
			if s.NodeAffinity == nil {
				errs = append(errs, field.Required(spec.Child("nodeAffinity"), "Local volume requires node affinity"))
			}
			return errs
		}},
		{Name: "storageos", Set: s.StorageOS != nil, Rules: func(p *field.Path) field.ErrorList { return volume.StorageOSPersistent(s.StorageOS, p) }},
		{Name: "csi", Set: s.CSI != nil, Rules: func(p *field.Path) field.ErrorList { return volume.CSIPersistent(s.CSI, p) }},
	}
}

// validateVolumeUpdate: where a volume is stays for good. The API reports mode
// and affinity without their "spec".
func validateVolumeUpdate(o, old *corev1.PersistentVolume) field.ErrorList {
	var errs field.ErrorList
	is, was := o.Spec.PersistentVolumeSource, old.Spec.PersistentVolumeSource
	if was.CSI != nil && was.CSI.ControllerExpandSecretRef == nil && is.CSI != nil && is.CSI.ControllerExpandSecretRef != nil {
		is = *is.DeepCopy() // this secret may come later
		is.CSI.ControllerExpandSecretRef = nil
	}
	if !equality.Semantic.DeepEqual(is, was) {
		errs = append(errs, field.Forbidden(field.NewPath("spec", "persistentvolumesource"),
			fmt.Sprintf("spec.persistentvolumesource is immutable after creation\n%v", diff.Diff(was, is))))
	}
	errs = append(errs, meta.Immutable(field.NewPath("volumeMode"), o.Spec.VolumeMode, old.Spec.VolumeMode)...)
	if a := old.Spec.NodeAffinity; a != nil && !equality.Semantic.DeepEqual(o.Spec.NodeAffinity, a) && !renamed(o.Spec.NodeAffinity, a) {
		errs = append(errs, field.Invalid(field.NewPath("nodeAffinity"), o.Spec.NodeAffinity, "field is immutable, except for updating from beta label to GA"))
	}
	if old.Spec.VolumeAttributesClassName != nil && o.Spec.VolumeAttributesClassName == nil {
		errs = append(errs, field.Forbidden(field.NewPath("spec", "volumeAttributesClassName"), "update from non-nil value to nil is forbidden"))
	}
	return errs
}

// gaLabels are the names that labels of nodes have had since they left beta.
var gaLabels = map[string]string{
	corev1.LabelFailureDomainBetaZone: corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
	"beta.kubernetes.io/os": corev1.LabelOSStable, "beta.kubernetes.io/arch": corev1.LabelArchStable,
	corev1.LabelInstanceType: corev1.LabelInstanceTypeStable,
}

// renamed says whether a is old but for labels that now have their final name.
func renamed(a, old *corev1.VolumeNodeAffinity) bool {
	if a == nil || a.Required == nil || old.Required == nil || len(a.Required.NodeSelectorTerms) != len(old.Required.NodeSelectorTerms) {
		return false
	}
	was := old.DeepCopy()
	for i, t := range a.Required.NodeSelectorTerms {
		terms := was.Required.NodeSelectorTerms[i].MatchExpressions
		for j := range min(len(terms), len(t.MatchExpressions)) {
			if gaLabels[terms[j].Key] == t.MatchExpressions[j].Key {
				terms[j].Key = t.MatchExpressions[j].Key
			}
		}
	}
	return equality.Semantic.DeepEqual(a, was)
}
