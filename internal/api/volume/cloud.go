package volume

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// AzureDisk judges a disk of Microsoft's cloud. Its URI has the form of its
// kind.
func AzureDisk(d *corev1.AzureDiskVolumeSource, p *field.Path) field.ErrorList {
	errs := need(p, "diskName", d.DiskName, "diskURI", d.DataDiskURI)
	errs = append(errs, meta.EnumOr(p.Child("cachingMode"), d.CachingMode,
		corev1.AzureDataDiskCachingNone, corev1.AzureDataDiskCachingReadOnly, corev1.AzureDataDiskCachingReadWrite)...)
	errs = append(errs, meta.EnumOr(p.Child("kind"), d.Kind,
		corev1.AzureDedicatedBlobDisk, corev1.AzureManagedDisk, corev1.AzureSharedBlobDisk)...)
	if d.Kind == nil {
		return errs
	}
	start, form := "https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
	if *d.Kind == corev1.AzureManagedDisk {
		start, form = "/subscriptions/", "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
	}
	if !strings.HasPrefix(d.DataDiskURI, start) {
		errs = append(errs, field.NotSupported(p.Child("diskURI"), d.DataDiskURI, []string{form}))
	}
	return errs
}

// AzureFile judges a share of Microsoft's cloud.
func AzureFile(f *corev1.AzureFileVolumeSource, p *field.Path) field.ErrorList {
	return need(p, "secretName", f.SecretName, "shareName", f.ShareName)
}

// AzureFilePersistent is AzureFile for a PersistentVolume.
func AzureFilePersistent(f *corev1.AzureFilePersistentVolumeSource, p *field.Path) field.ErrorList {
	errs := need(p, "secretName", f.SecretName, "shareName", f.ShareName)
	if f.SecretNamespace != nil {
		errs = append(errs, need(p, "secretNamespace", *f.SecretNamespace)...)
	}
	return errs
}

// Vsphere judges a virtual disk of vSphere.
func Vsphere(v *corev1.VsphereVirtualDiskVolumeSource, p *field.Path) field.ErrorList {
	return need(p, "volumePath", v.VolumePath)
}

// Photon judges a disk of a Photon controller.
func Photon(d *corev1.PhotonPersistentDiskVolumeSource, p *field.Path) field.ErrorList {
	return need(p, "pdID", d.PdID)
}

// Portworx judges a volume of Portworx.
func Portworx(w *corev1.PortworxVolumeSource, p *field.Path) field.ErrorList {
	return need(p, "volumeID", w.VolumeID)
}

// Cinder judges a volume of OpenStack.
func Cinder(c *corev1.CinderVolumeSource, p *field.Path) field.ErrorList {
	errs := need(p, "volumeID", c.VolumeID)
	if c.SecretRef != nil {
		errs = append(errs, need(p.Child("secretRef"), "name", c.SecretRef.Name)...)
	}
	return errs
}

// CinderPersistent is Cinder for a PersistentVolume.
func CinderPersistent(c *corev1.CinderPersistentVolumeSource, p *field.Path) field.ErrorList {
	errs := need(p, "volumeID", c.VolumeID)
	if c.SecretRef != nil {
		errs = append(errs, need(p.Child("secretRef"), "name", c.SecretRef.Name, "namespace", c.SecretRef.Namespace)...)
	}
	return errs
}
