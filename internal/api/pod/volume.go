package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// validateVolumes judges volumes and returns them by name.
func validateVolumes(volumes []corev1.Volume, p *field.Path) (map[string]corev1.VolumeSource, field.ErrorList) {
	var errs field.ErrorList
	byName := map[string]corev1.VolumeSource{}
	names := meta.Unique[string]{}
	for i, v := range volumes {
		ip := p.Index(i)
		bad := validateSource(&v.VolumeSource, ip)
		named := meta.Required(ip.Child("name"), v.Name, validation.IsDNS1123Label)
		if len(named) == 0 {
			named = names.Check(ip.Child("name"), v.Name)
		}
		errs = append(append(errs, bad...), named...)
		byName[v.Name] = v.VolumeSource
	}
	return byName, errs
}

// validateSource judges where a volume comes from. Exactly one source may be
// set; what is not listed has no rules here.
func validateSource(s *corev1.VolumeSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	set := ""
	one := func(name string, isSet bool, rules func(p *field.Path) field.ErrorList) {
		switch {
		case !isSet:
		case set != "":
			errs = append(errs, field.Forbidden(p.Child(name), "may not specify more than 1 volume type"))
		default:
			set = name
			if rules != nil {
				errs = append(errs, rules(p.Child(name))...)
			}
		}
	}
	one("emptyDir", s.EmptyDir != nil, func(p *field.Path) field.ErrorList { return validateEmptyDir(s.EmptyDir, p) })
	one("hostPath", s.HostPath != nil, func(p *field.Path) field.ErrorList { return validateHostPath(s.HostPath, p) })
	one("secret", s.Secret != nil, func(p *field.Path) field.ErrorList {
		errs := meta.Required(p.Child("secretName"), s.Secret.SecretName, nil)
		return append(errs, validateKeys(s.Secret.Items, s.Secret.DefaultMode, p)...)
	})
	one("configMap", s.ConfigMap != nil, func(p *field.Path) field.ErrorList {
		errs := meta.Required(p.Child("name"), s.ConfigMap.Name, nil)
		return append(errs, validateKeys(s.ConfigMap.Items, s.ConfigMap.DefaultMode, p)...)
	})
	one("downwardAPI", s.DownwardAPI != nil, func(p *field.Path) field.ErrorList {
		return append(validateMode(p.Child("defaultMode"), s.DownwardAPI.DefaultMode), validateFiles(s.DownwardAPI.Items, p)...)
	})
	one("projected", s.Projected != nil, func(p *field.Path) field.ErrorList { return validateProjected(s.Projected, p) })
	one("persistentVolumeClaim", s.PersistentVolumeClaim != nil, func(p *field.Path) field.ErrorList {
		return meta.Required(p.Child("claimName"), s.PersistentVolumeClaim.ClaimName, nil)
	})
	one("nfs", s.NFS != nil, func(p *field.Path) field.ErrorList {
		errs := append(meta.Required(p.Child("server"), s.NFS.Server, nil), meta.Required(p.Child("path"), s.NFS.Path, nil)...)
		if !strings.HasPrefix(s.NFS.Path, "/") {
			errs = append(errs, field.Invalid(p.Child("path"), s.NFS.Path, "must be an absolute path"))
		}
		return errs
	})
	one("csi", s.CSI != nil, func(p *field.Path) field.ErrorList { return meta.Required(p.Child("driver"), s.CSI.Driver, nil) })
	one("image", s.Image != nil, func(p *field.Path) field.ErrorList {
		errs := meta.Required(p.Child("reference"), s.Image.Reference, nil)
		return append(errs, meta.Enum(p.Child("pullPolicy"), s.Image.PullPolicy, corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)...)
	})
	one("ephemeral", s.Ephemeral != nil, func(p *field.Path) field.ErrorList {
		if s.Ephemeral.VolumeClaimTemplate == nil {
			return field.ErrorList{field.Required(p.Child("volumeClaimTemplate"), "")}
		}
		return nil
	})
	for name, isSet := range otherSources(s) {
		one(name, isSet, nil)
	}
	if set == "" {
		errs = append(errs, field.Required(p, "must specify a volume type"))
	}
	return errs
}

// otherSources are those that need a driver of their own, which judges them.
func otherSources(s *corev1.VolumeSource) map[string]bool {
	return map[string]bool{
		"gcePersistentDisk": s.GCEPersistentDisk != nil, "awsElasticBlockStore": s.AWSElasticBlockStore != nil,
		"gitRepo": s.GitRepo != nil, "iscsi": s.ISCSI != nil, "glusterfs": s.Glusterfs != nil, "rbd": s.RBD != nil,
		"flexVolume": s.FlexVolume != nil, "cinder": s.Cinder != nil, "cephfs": s.CephFS != nil, "flocker": s.Flocker != nil,
		"fc": s.FC != nil, "azureFile": s.AzureFile != nil, "vsphereVolume": s.VsphereVolume != nil, "quobyte": s.Quobyte != nil,
		"azureDisk": s.AzureDisk != nil, "photonPersistentDisk": s.PhotonPersistentDisk != nil,
		"portworxVolume": s.PortworxVolume != nil, "scaleIO": s.ScaleIO != nil, "storageos": s.StorageOS != nil,
	}
}

func validateEmptyDir(e *corev1.EmptyDirVolumeSource, p *field.Path) field.ErrorList {
	if e.SizeLimit != nil && e.SizeLimit.Sign() < 0 {
		return field.ErrorList{field.Forbidden(p.Child("sizeLimit"), "SizeLimit field must be a valid resource quantity")}
	}
	return nil
}

func validateHostPath(h *corev1.HostPathVolumeSource, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("path"), h.Path, nil)
	for part := range strings.SplitSeq(h.Path, "/") {
		if part == ".." {
			errs = append(errs, field.Invalid(p.Child("path"), h.Path, "must not contain '..'"))
			break
		}
	}
	if h.Type != nil && *h.Type != corev1.HostPathUnset {
		errs = append(errs, meta.Enum(p.Child("type"), *h.Type, corev1.HostPathBlockDev, corev1.HostPathCharDev,
			corev1.HostPathDirectory, corev1.HostPathDirectoryOrCreate, corev1.HostPathFile,
			corev1.HostPathFileOrCreate, corev1.HostPathSocket)...)
	}
	return errs
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

// filePath is a path of a file in a volume that skiff fills: relative, below
// the volume, and not one of the names that the atomic writer uses.
func filePath(p *field.Path, path string) field.ErrorList {
	if path == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	errs := descending(p, path)
	if len(errs) == 0 && strings.HasPrefix(path, "..") {
		errs = append(errs, field.Invalid(p, path, "must not start with '..'"))
	}
	return errs
}

func validateFiles(items []corev1.DownwardAPIVolumeFile, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, item := range items {
		ip := p.Child("items").Index(i)
		errs = append(errs, filePath(ip.Child("path"), item.Path)...)
		errs = append(errs, validateMode(ip.Child("mode"), item.Mode)...)
		switch {
		case item.FieldRef != nil && item.ResourceFieldRef != nil:
			errs = append(errs, field.Invalid(ip, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
		case item.FieldRef != nil:
			errs = append(errs, validateFieldRef(item.FieldRef, fileFields, ip.Child("fieldRef"))...)
		case item.ResourceFieldRef != nil:
			errs = append(errs, validateResourceFieldRef(item.ResourceFieldRef, true, ip.Child("resourceFieldRef"))...)
		default:
			errs = append(errs, field.Required(ip, "one of fieldRef and resourceFieldRef is required"))
		}
	}
	return errs
}

// A projected token lives at least ten minutes, so that it can be renewed in
// time, and at most 2^32 seconds.
const (
	minTokenSeconds = 10 * 60
	maxTokenSeconds = 1 << 32
)

func validateProjected(s *corev1.ProjectedVolumeSource, p *field.Path) field.ErrorList {
	errs := validateMode(p.Child("defaultMode"), s.DefaultMode)
	paths := meta.Unique[string]{}
	for i, source := range s.Sources {
		sp := p.Child("sources").Index(i)
		n := 0
		if x := source.Secret; x != nil {
			n++
			errs = append(errs, meta.Required(sp.Child("secret", "name"), x.Name, nil)...)
			errs = append(errs, validateKeys(x.Items, nil, sp.Child("secret"))...)
			errs = append(errs, uniquePaths(paths, x.Items, p)...)
		}
		if x := source.ConfigMap; x != nil {
			n++
			errs = append(errs, meta.Required(sp.Child("configMap", "name"), x.Name, nil)...)
			errs = append(errs, validateKeys(x.Items, nil, sp.Child("configMap"))...)
			errs = append(errs, uniquePaths(paths, x.Items, p)...)
		}
		if x := source.DownwardAPI; x != nil {
			n++
			errs = append(errs, validateFiles(x.Items, sp.Child("downwardAPI"))...)
		}
		if x := source.ServiceAccountToken; x != nil {
			n++
			errs = append(errs, validateToken(x, sp.Child("serviceAccountToken"))...)
		}
		if x := source.ClusterTrustBundle; x != nil {
			n++
			errs = append(errs, filePath(sp.Child("clusterTrustBundle", "path"), x.Path)...)
		}
		if source.PodCertificate != nil {
			n++
		}
		if n > 1 {
			errs = append(errs, field.Forbidden(sp, "may not specify more than 1 volume type per source"))
		}
		if n == 0 {
			errs = append(errs, field.Required(sp, "must specify a source"))
		}
	}
	return errs
}

func uniquePaths(seen meta.Unique[string], items []corev1.KeyToPath, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, item := range items {
		if item.Path != "" && len(seen.Check(p, item.Path)) > 0 {
			errs = append(errs, field.Invalid(p, item.Path, fmt.Sprintf("conflicting duplicate paths: %s", item.Path)))
		}
	}
	return errs
}

func validateToken(t *corev1.ServiceAccountTokenProjection, p *field.Path) field.ErrorList {
	errs := filePath(p.Child("path"), t.Path)
	if s := t.ExpirationSeconds; s != nil {
		if *s < minTokenSeconds {
			errs = append(errs, field.Invalid(p.Child("expirationSeconds"), *s, "may not specify a duration less than 10 minutes"))
		}
		if *s > maxTokenSeconds {
			errs = append(errs, field.Invalid(p.Child("expirationSeconds"), *s, "may not specify a duration larger than 2^32 seconds"))
		}
	}
	return errs
}
