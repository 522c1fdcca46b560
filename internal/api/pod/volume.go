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
	c := volume.Choice{Path: p}
	amongElder(&c, v)
	amongYounger(&c, v, of)
	return c.Errors()
}

// amongElder and amongYounger have sources in the order in which the API looks
// for them: the first that is set is judged, and refused are all others.
func amongElder(c *volume.Choice, v *corev1.Volume) {
	p := c.Path
	c.Among(
		volume.Of("emptyDir", v.EmptyDir, validateEmptyDir),
		volume.Of("hostPath", v.HostPath, volume.HostPath),
		volume.Of("gitRepo", v.GitRepo, volume.GitRepo),
		volume.Of("gcePersistentDisk", v.GCEPersistentDisk, volume.GCEDisk).At("persistentDisk"),
		volume.Of("awsElasticBlockStore", v.AWSElasticBlockStore, volume.AWSDisk),
		volume.Of("secret", v.Secret, validateSecretVolume),
		volume.Of("nfs", v.NFS, volume.NFS),
		volume.Of("iscsi", v.ISCSI, func(s *corev1.ISCSIVolumeSource, sp *field.Path) field.ErrorList {
			return append(volume.ISCSI(s, sp), volume.ISCSIInterface(p.Child("name"), v.Name, v.Name, s.TargetPortal, s.InitiatorName)...)
		}),
		volume.Of("glusterfs", v.Glusterfs, func(s *corev1.GlusterfsVolumeSource, p *field.Path) field.ErrorList {
			return volume.Glusterfs(s.EndpointsName, s.Path, p)
		}),
		volume.Of("flocker", v.Flocker, volume.Flocker),
		volume.Of("persistentVolumeClaim", v.PersistentVolumeClaim, func(s *corev1.PersistentVolumeClaimVolumeSource, p *field.Path) field.ErrorList {
			return meta.Required(p.Child("claimName"), s.ClaimName, nil)
		}),
		volume.Of("rbd", v.RBD, func(s *corev1.RBDVolumeSource, p *field.Path) field.ErrorList {
			return volume.RBD(s.CephMonitors, s.RBDImage, p)
		}),
		volume.Of("cinder", v.Cinder, volume.Cinder),
		volume.Of("cephFS", v.CephFS, func(s *corev1.CephFSVolumeSource, p *field.Path) field.ErrorList {
			return volume.CephFS(s.Monitors, p)
		}).At("cephfs"),
		volume.Of("quobyte", v.Quobyte, volume.Quobyte),
	)
}

func amongYounger(c *volume.Choice, v *corev1.Volume, of *metav1.ObjectMeta) {
	p := c.Path
	c.Among(
		volume.Of("downwarAPI", v.DownwardAPI, validateDownwardVolume).At("downwardAPI"), // as it is spelled since it came
		volume.Of("fc", v.FC, volume.FC),
		volume.Of("flexVolume", v.FlexVolume, func(s *corev1.FlexVolumeSource, p *field.Path) field.ErrorList {
			return volume.Flex(s.Driver, s.Options, p)
		}),
		volume.Of("configMap", v.ConfigMap, validateConfigMapVolume),
		volume.Of("azureFile", v.AzureFile, volume.AzureFile),
		volume.Of("vsphereVolume", v.VsphereVolume, volume.Vsphere),
		volume.Of("photonPersistentDisk", v.PhotonPersistentDisk, volume.Photon),
		volume.Of("portworxVolume", v.PortworxVolume, volume.Portworx),
		volume.Of("azureDisk", v.AzureDisk, volume.AzureDisk),
		volume.Of("storageos", v.StorageOS, volume.StorageOS),
		volume.Of("projected", v.Projected, validateProjected),
		volume.Of("scaleIO", v.ScaleIO, func(s *corev1.ScaleIOVolumeSource, p *field.Path) field.ErrorList {
			return volume.ScaleIO(s.Gateway, s.System, s.VolumeName, p)
		}),
		volume.Of("csi", v.CSI, volume.CSI),
		volume.Of("ephemeral", v.Ephemeral, func(s *corev1.EphemeralVolumeSource, sp *field.Path) field.ErrorList {
			return append(volume.Ephemeral(s, sp), validateClaimMade(v.Name, of, p.Child("name"))...)
		}),
		volume.Of("image", v.Image, func(s *corev1.ImageVolumeSource, p *field.Path) field.ErrorList {
			return validateImageVolume(s, of != nil, p)
		}),
	)
}

// validateClaimMade judges the name of the claim that will be made for a
// volume of the pod.
func validateClaimMade(volume string, of *metav1.ObjectMeta, p *field.Path) field.ErrorList {
	if of == nil || of.Name == "" || volume == "" {
		return nil // said already
	}
	claim := of.Name + "-" + volume
	var errs field.ErrorList
	for _, msg := range meta.Subdomain(claim, false) {
		errs = append(errs, field.Invalid(p, volume, fmt.Sprintf("PVC name %q: %v", claim, msg)))
	}
	return errs
}

func validateSecretVolume(s *corev1.SecretVolumeSource, p *field.Path) field.ErrorList {
	return append(meta.Required(p.Child("secretName"), s.SecretName, nil), validateKeys(s.Items, s.DefaultMode, p)...)
}

func validateConfigMapVolume(s *corev1.ConfigMapVolumeSource, p *field.Path) field.ErrorList {
	return append(meta.Required(p.Child("name"), s.Name, nil), validateKeys(s.Items, s.DefaultMode, p)...)
}

// validateImageVolume: in a template, the image may be left for who makes pods
// of it to fill in.
func validateImageVolume(s *corev1.ImageVolumeSource, isPod bool, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if isPod {
		errs = meta.Required(p.Child("reference"), s.Reference, nil)
	}
	return append(errs, validatePullPolicy(p.Child("pullPolicy"), s.PullPolicy)...)
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
	for i := range items {
		errs = append(errs, validateKey(&items[i], p.Child("items").Index(i))...)
	}
	return errs
}

func validateKey(k *corev1.KeyToPath, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("key"), k.Key, nil)
	errs = append(errs, filePath(p.Child("path"), k.Path)...)
	return append(errs, validateMode(p.Child("mode"), k.Mode)...)
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

func validateDownwardVolume(s *corev1.DownwardAPIVolumeSource, p *field.Path) field.ErrorList {
	errs := validateMode(p.Child("defaultMode"), s.DefaultMode)
	for i := range s.Items {
		errs = append(errs, validateFile(&s.Items[i], p)...)
	}
	return errs
}

// validateFile judges what a file tells of its pod. The API reports its errors
// for the volume as a whole, which stands at p.
func validateFile(f *corev1.DownwardAPIVolumeFile, p *field.Path) field.ErrorList {
	errs := filePath(p.Child("path"), f.Path)
	switch {
	case f.FieldRef != nil:
		errs = append(errs, validateFieldRef(f.FieldRef, fileFields, p.Child("fieldRef"))...)
		if f.ResourceFieldRef != nil {
			errs = append(errs, field.Invalid(p, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
		}
	case f.ResourceFieldRef != nil:
		errs = append(errs, validateResourceFieldRef(f.ResourceFieldRef, true, p.Child("resourceFieldRef"))...)
	default:
		errs = append(errs, field.Required(p, "one of fieldRef and resourceFieldRef is required"))
	}
	return append(errs, validateMode(p.Child("mode"), f.Mode)...)
}
