package volume

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

const maxDriverName = 63

// DriverName judges the name of a CSI driver: a DNS subdomain but for its case.
func DriverName(p *field.Path, name string) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	if len(name) > maxDriverName {
		errs = append(errs, field.TooLong(p, "", maxDriverName))
	}
	return append(errs, meta.Invalid(p, name, validation.IsDNS1123Subdomain(strings.ToLower(name)))...)
}

// CSI judges a volume of a CSI driver that lives as long as its pod.
func CSI(c *corev1.CSIVolumeSource, p *field.Path) field.ErrorList {
	errs := DriverName(p.Child("driver"), c.Driver)
	switch ref := c.NodePublishSecretRef; {
	case ref == nil:
	case ref.Name == "":
		errs = append(errs, field.Required(p.Child("nodePublishSecretRef", "name"), ""))
	default:
		errs = append(errs, meta.Invalid(p.Child("name"), ref.Name, meta.Subdomain(ref.Name, false))...)
	}
	return errs
}

// CSIPersistent judges a volume of a CSI driver that outlives pods.
func CSIPersistent(c *corev1.CSIPersistentVolumeSource, p *field.Path) field.ErrorList {
	errs := append(DriverName(p.Child("driver"), c.Driver), need(p, "volumeHandle", c.VolumeHandle)...)
	for _, s := range []struct {
		name string
		ref  *corev1.SecretReference
	}{
		{"controllerPublishSecretRef", c.ControllerPublishSecretRef}, {"controllerExpandSecretRef", c.ControllerExpandSecretRef},
		{"nodePublishSecretRef", c.NodePublishSecretRef}, {"nodeExpandSecretRef", c.NodeExpandSecretRef},
	} {
		if s.ref != nil {
			errs = append(errs, meta.Required(p.Child(s.name, "name"), s.ref.Name, validation.IsDNS1123Subdomain)...)
			errs = append(errs, meta.Required(p.Child(s.name, "namespace"), s.ref.Namespace, validation.IsDNS1123Label)...)
		}
	}
	return errs
}
