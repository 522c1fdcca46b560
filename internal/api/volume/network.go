package volume

import (
	"maps"
	"net"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// RBD judges an image of Ceph.
func RBD(monitors []string, image string, p *field.Path) field.ErrorList {
	return append(CephFS(monitors, p), need(p, "image", image)...)
}

// CephFS judges a file system of Ceph.
func CephFS(monitors []string, p *field.Path) field.ErrorList {
	if len(monitors) == 0 {
		return field.ErrorList{field.Required(p.Child("monitors"), "")}
	}
	return nil
}

// Glusterfs judges a volume of GlusterFS.
func Glusterfs(endpoints, path string, p *field.Path) field.ErrorList {
	return need(p, "endpoints", endpoints, "path", path)
}

// GlusterfsPersistent is Glusterfs for a PersistentVolume.
func GlusterfsPersistent(g *corev1.GlusterfsPersistentVolumeSource, p *field.Path) field.ErrorList {
	errs := Glusterfs(g.EndpointsName, g.Path, p)
	switch ns := g.EndpointsNamespace; {
	case ns == nil:
	case *ns == "":
		errs = append(errs, field.Invalid(p.Child("endpointsNamespace"), *ns, "if the endpointnamespace is set, it must be a valid namespace name"))
	default:
		errs = append(errs, meta.Invalid(p.Child("endpointsNamespace"), *ns, meta.Label(*ns, false))...)
	}
	return errs
}

const maxTenant = 64

// Quobyte judges a volume of Quobyte.
func Quobyte(q *corev1.QuobyteVolumeSource, p *field.Path) field.ErrorList {
	const registry = "must be a host:port pair or multiple pairs separated by commas"
	var errs field.ErrorList
	switch {
	case q.Registry == "":
		errs = append(errs, field.Required(p.Child("registry"), registry))
	case len(q.Tenant) > maxTenant:
		errs = append(errs, field.Required(p.Child("tenant"), "must be a UUID and may not exceed a length of 64 characters"))
	default:
		for pair := range strings.SplitSeq(q.Registry, ",") {
			if _, _, err := net.SplitHostPort(pair); err != nil {
				errs = append(errs, field.Invalid(p.Child("registry"), q.Registry, registry))
			}
		}
	}
	return append(errs, need(p, "volume", q.Volume)...)
}

// Flocker judges a dataset of Flocker.
func Flocker(f *corev1.FlockerVolumeSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch named, byID := f.DatasetName != "", f.DatasetUUID != ""; {
	case !named && !byID:
		errs = append(errs, field.Required(p, "one of datasetName and datasetUUID is required"))
	case named && byID:
		errs = append(errs, field.Invalid(p, "resource", "datasetName and datasetUUID can not be specified simultaneously"))
	}
	if strings.Contains(f.DatasetName, "/") {
		errs = append(errs, field.Invalid(p.Child("datasetName"), f.DatasetName, "must not contain '/'"))
	}
	return errs
}

// Flex judges a volume of a driver that is a program on the node. Options in
// the domains of Kubernetes are the kubelet's.
func Flex(driver string, options map[string]string, p *field.Path) field.ErrorList {
	errs := need(p, "driver", driver)
	for _, key := range slices.Sorted(maps.Keys(options)) {
		domain, _, _ := strings.Cut(key, "/")
		domain = "." + strings.ToLower(domain)
		if strings.HasSuffix(domain, ".kubernetes.io") || strings.HasSuffix(domain, ".k8s.io") {
			errs = append(errs, field.Invalid(p.Child("options").Key(key), key, "kubernetes.io and k8s.io namespaces are reserved"))
		}
	}
	return errs
}

// ScaleIO judges a volume of ScaleIO.
func ScaleIO(gateway, system, name string, p *field.Path) field.ErrorList {
	return need(p, "gateway", gateway, "system", system, "volumeName", name)
}

// StorageOS judges a volume of StorageOS.
func StorageOS(s *corev1.StorageOSVolumeSource, p *field.Path) field.ErrorList {
	errs := storageOSNames(s.VolumeName, s.VolumeNamespace, p)
	if s.SecretRef != nil {
		errs = append(errs, need(p.Child("secretRef"), "name", s.SecretRef.Name)...)
	}
	return errs
}

// StorageOSPersistent is StorageOS for a PersistentVolume.
func StorageOSPersistent(s *corev1.StorageOSPersistentVolumeSource, p *field.Path) field.ErrorList {
	errs := storageOSNames(s.VolumeName, s.VolumeNamespace, p)
	if s.SecretRef != nil {
		errs = append(errs, need(p.Child("secretRef"), "name", s.SecretRef.Name, "namespace", s.SecretRef.Namespace)...)
	}
	return errs
}

func storageOSNames(name, namespace string, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("volumeName"), name, validation.IsDNS1123Label)
	return append(errs, meta.Optional(p.Child("volumeNamespace"), namespace, validation.IsDNS1123Label)...)
}
