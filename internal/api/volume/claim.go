package volume

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
)

// ValidateClaimSpec judges what a PersistentVolumeClaim asks for.
func ValidateClaimSpec(s *corev1.PersistentVolumeClaimSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(s.AccessModes) == 0 {
		errs = append(errs, field.Required(p.Child("accessModes"), "at least 1 access mode is required"))
	}
	errs = append(errs, meta.Selector(p.Child("selector"), s.Selector)...)
	errs = append(errs, AccessModes(p.Child("accessModes"), s.AccessModes)...)
	storage, asked := s.Resources.Requests[corev1.ResourceStorage]
	at := p.Child("resources").Key(string(corev1.ResourceStorage))
	switch {
	case !asked:
		errs = append(errs, field.Required(at, ""))
	case storage.Sign() <= 0:
		errs = append(errs, field.Invalid(at, storage.String(), "must be greater than zero"))
	}
	if c := s.StorageClassName; c != nil {
		errs = append(errs, meta.OptionalName(p.Child("storageClassName"), *c, meta.Subdomain)...)
	}
	errs = append(errs, Mode(p.Child("volumeMode"), s.VolumeMode)...)
	errs = append(errs, dataSources(s, p)...)
	if c := s.VolumeAttributesClassName; c != nil {
		errs = append(errs, meta.OptionalName(p.Child("volumeAttributesClassName"), *c, meta.Subdomain)...)
	}
	return errs
}

// AccessModes judges how a volume may be mounted; that there is at least one
// way is for the caller to say.
func AccessModes(p *field.Path, modes []corev1.PersistentVolumeAccessMode) field.ErrorList {
	known := []corev1.PersistentVolumeAccessMode{corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOnce, corev1.ReadWriteOncePod}
	var errs field.ErrorList
	alone, others := false, false
	for _, m := range modes {
		if !slices.Contains(known, m) {
			errs = append(errs, field.NotSupported(p, m, known))
			continue
		}
		alone = alone || m == corev1.ReadWriteOncePod
		others = others || m != corev1.ReadWriteOncePod
	}
	if alone && others {
		errs = append(errs, field.Forbidden(p, "may not use ReadWriteOncePod with other access modes"))
	}
	return errs
}

// Mode judges whether a volume is a disk or a file system.
func Mode(p *field.Path, m *corev1.PersistentVolumeMode) field.ErrorList {
	return meta.EnumOr(p, m, corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem)
}

// dataSources judges what a new volume is filled from. The elder of the two
// fields must say the same as the younger, which may also name a namespace.
func dataSources(s *corev1.PersistentVolumeClaimSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if d := s.DataSource; d != nil {
		errs = append(errs, dataSource(p.Child("dataSource"), d.APIGroup, d.Kind, d.Name)...)
	}
	r := s.DataSourceRef
	if r == nil {
		return errs
	}
	rp := p.Child("dataSourceRef")
	errs = append(errs, dataSource(rp, r.APIGroup, r.Kind, r.Name)...)
	if ns := ptr.Deref(r.Namespace, ""); ns != "" {
		errs = append(errs, meta.Invalid(rp.Child("namespace"), ns, meta.Label(ns, false))...)
		if s.DataSource != nil {
			errs = append(errs, field.Invalid(p, p.Child("dataSource"), "may not be specified when dataSourceRef.namespace is specified"))
		}
		return errs
	}
	if d := s.DataSource; d != nil && (!ptr.Equal(d.APIGroup, r.APIGroup) || d.Kind != r.Kind || d.Name != r.Name) {
		errs = append(errs, field.Invalid(p, p.Child("dataSource"), "must match dataSourceRef"))
	}
	return errs
}

func dataSource(p *field.Path, group *string, kind, name string) field.ErrorList {
	errs := need(p, "name", name, "kind", kind)
	if g := ptr.Deref(group, ""); g != "" {
		return append(errs, meta.Invalid(p.Child("apiGroup"), g, validation.IsDNS1123Subdomain(g))...)
	}
	if kind != "PersistentVolumeClaim" {
		errs = append(errs, field.Invalid(p, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
	}
	return errs
}

// Ephemeral judges a volume whose claim is made for the pod and goes with it.
func Ephemeral(e *corev1.EphemeralVolumeSource, p *field.Path) field.ErrorList {
	t, p := e.VolumeClaimTemplate, p.Child("volumeClaimTemplate")
	if t == nil {
		return field.ErrorList{field.Required(p, "")}
	}
	return append(templateMeta(&t.ObjectMeta, p.Child("metadata")), ValidateClaimSpec(&t.Spec, p.Child("spec"))...)
}

// templateMeta: of the metadata in a template, only labels and annotations
// reach the claim, so nothing else may be set.
func templateMeta(o *metav1.ObjectMeta, p *field.Path) field.ErrorList {
	errs := append(apivalidation.ValidateAnnotations(o.Annotations, p.Child("annotations")), meta.Labels(p.Child("labels"), o.Labels)...)
	return append(errs, meta.Only(p, *o, "cannot be set", "Labels", "Annotations")...)
}
