package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/volume"
)

// validateVolumes judges volumes and returns the good ones by name. of is the
// metadata of the pod, nil in a template.
func validateVolumes(volumes []corev1.Volume, of *metav1.ObjectMeta, p *field.Path) (map[string]corev1.VolumeSource, field.ErrorList) {
	var errs field.ErrorList
	byName := map[string]corev1.VolumeSource{}
	made := claimsMade(volumes, of)
	for i := range volumes {
		v, ip := &volumes[i], p.Index(i)
		bad := validateSource(v, of, ip)
		bad = append(bad, meta.Required(ip.Child("name"), v.Name, validation.IsDNS1123Label)...)
		if _, twice := byName[v.Name]; twice {
			bad = append(bad, field.Duplicate(ip.Child("name"), v.Name))
		}
		if len(bad) == 0 {
			byName[v.Name] = v.VolumeSource
		}
		errs = append(errs, bad...)
		if c := v.PersistentVolumeClaim; c != nil && made.Has(c.ClaimName) {
			errs = append(errs, field.Invalid(ip.Child("persistentVolumeClaim", "claimName"), c.ClaimName,
				"must not reference a PVC that gets created for an ephemeral volume"))
		}
	}
	return byName, errs
}

// claimsMade are the names of the claims that will be made for the pod.
func claimsMade(volumes []corev1.Volume, of *metav1.ObjectMeta) sets.Set[string] {
	names := sets.New[string]()
	if of == nil || of.Name == "" {
		return names
	}
	for _, v := range volumes {
		if v.Ephemeral != nil {
			names.Insert(of.Name + "-" + v.Name)
		}
	}
	return names
}

// validateSource judges where a volume comes from: exactly one place.
func validateSource(v *corev1.Volume, of *metav1.ObjectMeta, p *field.Path) field.ErrorList {
	s := &v.VolumeSource
	errs := volume.One(p, append(ownSources(s, of != nil), diskSources(s, v.Name)...))
	if s.Ephemeral == nil || of == nil || of.Name == "" || v.Name == "" {
		return errs
	}
	claim := of.Name + "-" + v.Name
	for _, msg := range meta.Subdomain(claim, false) {
		errs = append(errs, field.Invalid(p.Child("name"), v.Name, fmt.Sprintf("PVC name %q: %v", claim, msg)))
	}
	return errs
}

// ownSources are those that every cluster has.
func ownSources(s *corev1.VolumeSource, isPod bool) []volume.Source {
	return []volume.Source{
		{Name: "emptyDir", Set: s.EmptyDir != nil, Rules: func(p *field.Path) field.ErrorList { return validateEmptyDir(s.EmptyDir, p) }},
		{Name: "hostPath", Set: s.HostPath != nil, Rules: func(p *field.Path) field.ErrorList { return volume.HostPath(s.HostPath, p) }},
		{Name: "gitRepo", Set: s.GitRepo != nil, Rules: func(p *field.Path) field.ErrorList { return volume.GitRepo(s.GitRepo, p) }},
		{Name: "secret", Set: s.Secret != nil, Rules: func(p *field.Path) field.ErrorList {
			errs := meta.Required(p.Child("secretName"), s.Secret.SecretName, nil)
			return append(errs, validateKeys(s.Secret.Items, s.Secret.DefaultMode, p)...)
		}},
		{Name: "persistentVolumeClaim", Set: s.PersistentVolumeClaim != nil, Rules: func(p *field.Path) field.ErrorList {
			return meta.Required(p.Child("claimName"), s.PersistentVolumeClaim.ClaimName, nil)
		}},
		{Name: "downwardAPI", Set: s.DownwardAPI != nil, Rules: func(p *field.Path) field.ErrorList {
			return append(validateMode(p.Child("defaultMode"), s.DownwardAPI.DefaultMode), validateFiles(s.DownwardAPI.Items, p)...)
		}},
		{Name: "configMap", Set: s.ConfigMap != nil, Rules: func(p *field.Path) field.ErrorList {
			errs := meta.Required(p.Child("name"), s.ConfigMap.Name, nil)
			return append(errs, validateKeys(s.ConfigMap.Items, s.ConfigMap.DefaultMode, p)...)
		}},
		{Name: "projected", Set: s.Projected != nil, Rules: func(p *field.Path) field.ErrorList { return validateProjected(s.Projected, p) }},
		{Name: "csi", Set: s.CSI != nil, Rules: func(p *field.Path) field.ErrorList { return volume.CSI(s.CSI, p) }},
		{Name: "ephemeral", Set: s.Ephemeral != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Ephemeral(s.Ephemeral, p) }},
		{Name: "image", Set: s.Image != nil, Rules: func(p *field.Path) field.ErrorList {
			var errs field.ErrorList
			if isPod && s.Image.Reference == "" { // in a template, what makes pods of it may still fill it in
				errs = append(errs, field.Required(p.Child("reference"), ""))
			}
			return append(errs, validatePullPolicy(p.Child("pullPolicy"), s.Image.PullPolicy)...)
		}},
	}
}

// diskSources are those that need something outside of the cluster.
func diskSources(s *corev1.VolumeSource, name string) []volume.Source {
	return []volume.Source{
		{Name: "gcePersistentDisk", Path: "persistentDisk", Set: s.GCEPersistentDisk != nil, Rules: func(p *field.Path) field.ErrorList { return volume.GCEDisk(s.GCEPersistentDisk, p) }},
		{Name: "awsElasticBlockStore", Set: s.AWSElasticBlockStore != nil, Rules: func(p *field.Path) field.ErrorList { return volume.AWSDisk(s.AWSElasticBlockStore, p) }},
		{Name: "nfs", Set: s.NFS != nil, Rules: func(p *field.Path) field.ErrorList { return volume.NFS(s.NFS, p) }},
		{Name: "iscsi", Set: s.ISCSI != nil, Rules: func(p *field.Path) field.ErrorList { return volume.ISCSI(s.ISCSI, name, p) }},
		{Name: "glusterfs", Set: s.Glusterfs != nil, Rules: func(p *field.Path) field.ErrorList {
			return volume.Glusterfs(s.Glusterfs.EndpointsName, s.Glusterfs.Path, p)
		}},
		{Name: "flocker", Set: s.Flocker != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Flocker(s.Flocker, p) }},
		{Name: "rbd", Set: s.RBD != nil, Rules: func(p *field.Path) field.ErrorList { return volume.RBD(s.RBD.CephMonitors, s.RBD.RBDImage, p) }},
		{Name: "cinder", Set: s.Cinder != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Cinder(s.Cinder, p) }},
		{Name: "cephFS", Path: "cephfs", Set: s.CephFS != nil, Rules: func(p *field.Path) field.ErrorList { return volume.CephFS(s.CephFS.Monitors, p) }},
		{Name: "quobyte", Set: s.Quobyte != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Quobyte(s.Quobyte, p) }},
		{Name: "fc", Set: s.FC != nil, Rules: func(p *field.Path) field.ErrorList { return volume.FC(s.FC, p) }},
		{Name: "flexVolume", Set: s.FlexVolume != nil, Rules: func(p *field.Path) field.ErrorList {
			return volume.Flex(s.FlexVolume.Driver, s.FlexVolume.Options, p)
		}},
		{Name: "azureFile", Set: s.AzureFile != nil, Rules: func(p *field.Path) field.ErrorList { return volume.AzureFile(s.AzureFile, p) }},
		{Name: "vsphereVolume", Set: s.VsphereVolume != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Vsphere(s.VsphereVolume, p) }},
		{Name: "photonPersistentDisk", Set: s.PhotonPersistentDisk != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Photon(s.PhotonPersistentDisk, p) }},
		{Name: "portworxVolume", Set: s.PortworxVolume != nil, Rules: func(p *field.Path) field.ErrorList { return volume.Portworx(s.PortworxVolume, p) }},
		{Name: "azureDisk", Set: s.AzureDisk != nil, Rules: func(p *field.Path) field.ErrorList { return volume.AzureDisk(s.AzureDisk, p) }},
		{Name: "storageos", Set: s.StorageOS != nil, Rules: func(p *field.Path) field.ErrorList { return volume.StorageOS(s.StorageOS, p) }},
		{Name: "scaleIO", Set: s.ScaleIO != nil, Rules: func(p *field.Path) field.ErrorList {
			return volume.ScaleIO(s.ScaleIO.Gateway, s.ScaleIO.System, s.ScaleIO.VolumeName, p)
		}},
	}
}

func validateEmptyDir(e *corev1.EmptyDirVolumeSource, p *field.Path) field.ErrorList {
	if e.SizeLimit != nil && e.SizeLimit.Sign() < 0 {
		return field.ErrorList{field.Forbidden(p.Child("sizeLimit"), "SizeLimit field must be a valid resource quantity")}
	}
	return nil
}

const modeError = "must be a number between 0 and 0777 (octal), both inclusive"

func validateMode(p *field.Path, mode *int32) field.ErrorList {
	if mode != nil && (*mode < 0 || *mode > 0o777) {
		return field.ErrorList{field.Invalid(p, *mode, modeError)}
	}
	return nil
}

func validateKeys(items []corev1.KeyToPath, mode *int32, p *field.Path) field.ErrorList {
	errs := validateMode(p.Child("defaultMode"), mode)
	for i, item := range items {
		ip := p.Child("items").Index(i)
		errs = append(errs, meta.Required(ip.Child("key"), item.Key, nil)...)
		errs = append(errs, filePath(ip.Child("path"), item.Path)...)
		errs = append(errs, validateMode(ip.Child("mode"), item.Mode)...)
	}
	return errs
}

// filePath is a path of a file in a volume that skiff fills.
func filePath(p *field.Path, path string) field.ErrorList {
	if path == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	return localPath(p, path)
}

// localPath wants path to be relative, to stay below where it starts, and not
// to be one of the names that the atomic writer uses.
func localPath(p *field.Path, path string) field.ErrorList {
	errs := volume.Descending(p, path)
	if strings.HasPrefix(path, "..") && !strings.HasPrefix(path, "../") {
		errs = append(errs, field.Invalid(p, path, "must not start with '..'"))
	}
	return errs
}

// validateFiles judges what a downward API volume tells of its pod. The API
// reports errors of a file for the volume as a whole.
func validateFiles(items []corev1.DownwardAPIVolumeFile, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, item := range items {
		errs = append(errs, filePath(p.Child("path"), item.Path)...)
		switch {
		case item.FieldRef != nil:
			errs = append(errs, validateFieldRef(item.FieldRef, fileFields, p.Child("fieldRef"))...)
			if item.ResourceFieldRef != nil {
				errs = append(errs, field.Invalid(p, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
			}
		case item.ResourceFieldRef != nil:
			errs = append(errs, validateResourceFieldRef(item.ResourceFieldRef, true, p.Child("resourceFieldRef"))...)
		default:
			errs = append(errs, field.Required(p, "one of fieldRef and resourceFieldRef is required"))
		}
		errs = append(errs, validateMode(p.Child("mode"), item.Mode)...)
	}
	return errs
}
