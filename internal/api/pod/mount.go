package pod

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
	"skiff/internal/api/volume"
)

// validateMounts judges where a container mounts volumes. A volume is mounted
// or given as a device, not both.
func validateMounts(c *corev1.Container, volumes map[string]corev1.VolumeSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	devices := map[string]string{} // the last path of each volume
	for _, d := range c.VolumeDevices {
		devices[d.Name] = d.DevicePath
	}
	paths := sets.New[string]()
	for i := range c.VolumeMounts {
		m, mp := &c.VolumeMounts[i], p.Index(i)
		if m.Name == "" {
			errs = append(errs, field.Required(mp.Child("name"), ""))
		}
		if _, ok := volumes[m.Name]; !ok {
			errs = append(errs, field.NotFound(mp.Child("name"), m.Name))
		}
		if m.MountPath == "" {
			errs = append(errs, field.Required(mp.Child("mountPath"), ""))
		}
		if paths.Has(m.MountPath) {
			errs = append(errs, field.Invalid(mp.Child("mountPath"), m.MountPath, "must be unique"))
		}
		paths.Insert(m.MountPath)
		if _, ok := devices[m.Name]; ok {
			errs = append(errs, field.Invalid(mp.Child("name"), m.Name, "must not already exist in volumeDevices"))
		}
		if leadsTo(devices, m.MountPath) {
			errs = append(errs, field.Invalid(mp.Child("mountPath"), m.MountPath, "must not already exist as a path in volumeDevices"))
		}
		errs = append(errs, validateSubPath(m, mp, p)...)
		errs = append(errs, validatePropagation(c, m, p)...)
		errs = append(errs, validateRecursive(m, p.Child("recursiveReadOnly"))...)
	}
	return errs
}

// validateSubPath judges the part of the volume that is mounted. The API
// reports a bad path for the list of mounts, not for the one mount.
func validateSubPath(m *corev1.VolumeMount, p, list *field.Path) field.ErrorList {
	errs := volume.Descending(list.Child("subPath"), m.SubPath)
	if m.SubPath != "" && m.SubPathExpr != "" {
		errs = append(errs, field.Invalid(p.Child("subPathExpr"), m.SubPathExpr, "subPathExpr and subPath are mutually exclusive"))
	}
	return append(errs, volume.Descending(list.Child("subPathExpr"), m.SubPathExpr)...)
}

func validatePropagation(c *corev1.Container, m *corev1.VolumeMount, p *field.Path) field.ErrorList {
	p = p.Child("mountPropagation")
	errs := meta.EnumOr(p, m.MountPropagation,
		corev1.MountPropagationBidirectional, corev1.MountPropagationHostToContainer, corev1.MountPropagationNone)
	privileged := c.SecurityContext != nil && ptr.Deref(c.SecurityContext.Privileged, false)
	if m.MountPropagation != nil && *m.MountPropagation == corev1.MountPropagationBidirectional && !privileged {
		errs = append(errs, field.Forbidden(p, "Bidirectional mount propagation is available only to privileged containers"))
	}
	return errs
}

func validateRecursive(m *corev1.VolumeMount, p *field.Path) field.ErrorList {
	errs := meta.EnumOr(p, m.RecursiveReadOnly, corev1.RecursiveReadOnlyDisabled, corev1.RecursiveReadOnlyEnabled, corev1.RecursiveReadOnlyIfPossible)
	if len(errs) > 0 || m.RecursiveReadOnly == nil || *m.RecursiveReadOnly == corev1.RecursiveReadOnlyDisabled {
		return errs
	}
	if !m.ReadOnly {
		errs = append(errs, field.Forbidden(p, "may only be specified when readOnly is true"))
	}
	if m.MountPropagation != nil && *m.MountPropagation != corev1.MountPropagationNone {
		errs = append(errs, field.Forbidden(p, "may only be specified when mountPropagation is None or not specified"))
	}
	return errs
}

// validateDevices judges which volumes a container gets as disks.
func validateDevices(c *corev1.Container, volumes map[string]corev1.VolumeSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	mounts := map[string]string{} // the last path of each volume
	for _, m := range c.VolumeMounts {
		mounts[m.Name] = m.MountPath
	}
	names, paths := sets.New[string](), sets.New[string]()
	for i, d := range c.VolumeDevices {
		np, pp := p.Index(i).Child("name"), p.Index(i).Child("devicePath")
		if d.Name == "" {
			errs = append(errs, field.Required(np, ""))
		}
		if names.Has(d.Name) {
			errs = append(errs, field.Invalid(np, d.Name, "must be unique"))
		}
		if source, ok := volumes[d.Name]; !ok {
			errs = append(errs, field.NotFound(np, d.Name))
		} else if source.PersistentVolumeClaim == nil && source.Ephemeral == nil {
			errs = append(errs, field.Invalid(np, d.Name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"))
		}
		if d.DevicePath == "" {
			errs = append(errs, field.Required(pp, ""))
		}
		if paths.Has(d.DevicePath) {
			errs = append(errs, field.Invalid(pp, d.DevicePath, "must be unique"))
		}
		if len(volume.NoBacksteps(pp, d.DevicePath)) > 0 {
			errs = append(errs, field.Invalid(pp, d.DevicePath, "can not contain backsteps ('..')"))
		} else {
			paths.Insert(d.DevicePath)
		}
		if _, ok := mounts[d.Name]; ok {
			errs = append(errs, field.Invalid(np, d.Name, "must not already exist in volumeMounts"))
		}
		if leadsTo(mounts, d.DevicePath) {
			errs = append(errs, field.Invalid(pp, d.DevicePath, "must not already exist as a path in volumeMounts"))
		}
		if d.Name != "" {
			names.Insert(d.Name)
		}
	}
	return errs
}

// leadsTo says whether one of the volumes is at path.
func leadsTo(paths map[string]string, path string) bool {
	for _, p := range paths {
		if p == path {
			return true
		}
	}
	return false
}
