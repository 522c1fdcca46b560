package pod

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Annotations that named a profile before there were fields for it. What they
// say may not contradict the fields.

// validateProfiles compares both for what is new. A container's AppArmor
// profile may be that of the pod, and Windows has none.
func validateProfiles(annotations map[string]string, s *corev1.PodSpec, p *field.Path) field.ErrorList {
	ofPod := s.SecurityContext
	if ofPod == nil {
		ofPod = &corev1.PodSecurityContext{}
	}
	errs := seccomp(ofPod.SeccompProfile).match(annotations, corev1.SeccompPodAnnotationKey, p)
	eachAt(s, p, func(c *corev1.Container, p *field.Path) {
		if x := c.SecurityContext; x != nil {
			errs = append(errs, seccomp(x.SeccompProfile).match(annotations, corev1.SeccompContainerAnnotationKeyPrefix+c.Name, p)...)
		}
	})
	if s.OS != nil && s.OS.Name == corev1.Windows {
		return errs
	}
	eachAt(s, p, func(c *corev1.Container, p *field.Path) {
		a := ofPod.AppArmorProfile
		if x := c.SecurityContext; x != nil && x.AppArmorProfile != nil {
			a = x.AppArmorProfile
		}
		errs = append(errs, appArmor(a).match(annotations, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix+c.Name, p)...)
	})
	return errs
}

// profile is a field that says how a container is confined, and what an
// annotation says for the same: one of values, or what begins with local.
type profile struct {
	kind, field string
	set         bool
	values      []string
	local       string  // "" unless the profile is a file of the node
	name        *string // of the file
}

func seccomp(s *corev1.SeccompProfile) profile {
	p := profile{kind: "seccomp", field: "seccompProfile"}
	if s == nil {
		return p
	}
	p.set, p.name = true, s.LocalhostProfile
	switch s.Type {
	case corev1.SeccompProfileTypeUnconfined:
		p.values = []string{corev1.SeccompProfileNameUnconfined}
	case corev1.SeccompProfileTypeRuntimeDefault:
		p.values = []string{corev1.SeccompProfileRuntimeDefault, corev1.DeprecatedSeccompProfileDockerDefault}
	case corev1.SeccompProfileTypeLocalhost:
		p.local = corev1.SeccompLocalhostProfileNamePrefix
	default:
		p.set = false // refused already
	}
	return p
}

func appArmor(a *corev1.AppArmorProfile) profile {
	p := profile{kind: "apparmor", field: "appArmorProfile"}
	if a == nil {
		return p
	}
	p.set, p.name = true, a.LocalhostProfile
	switch a.Type {
	case corev1.AppArmorProfileTypeUnconfined:
		p.values = []string{corev1.DeprecatedAppArmorBetaProfileNameUnconfined}
	case corev1.AppArmorProfileTypeRuntimeDefault:
		p.values = []string{corev1.DeprecatedAppArmorBetaProfileRuntimeDefault}
	case corev1.AppArmorProfileTypeLocalhost:
		p.local = corev1.DeprecatedAppArmorBetaProfileNamePrefix
	default:
		p.set = false
	}
	return p
}

// match compares the profile of what stands at p with the annotation at key.
func (f profile) match(annotations map[string]string, key string, p *field.Path) field.ErrorList {
	value, ok := annotations[key]
	if !ok || !f.set {
		return nil
	}
	p = p.Child("securityContext", f.field)
	wrongType := field.ErrorList{field.Forbidden(p.Child("type"), f.kind+" type in annotation and field must match")}
	if f.local == "" {
		if slices.Contains(f.values, value) {
			return nil
		}
		return wrongType
	}
	name, ok := strings.CutPrefix(value, f.local)
	if !ok {
		return wrongType
	}
	if f.name == nil || name != *f.name {
		return field.ErrorList{field.Forbidden(p.Child("localhostProfile"), f.kind+" profile in annotation and field must match")}
	}
	return nil
}
