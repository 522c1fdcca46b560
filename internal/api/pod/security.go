package pod

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

func validatePodSecurity(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	c := s.SecurityContext
	if c == nil {
		return nil
	}
	errs := validateIDs(c.RunAsUser, c.RunAsGroup, p)
	if c.FSGroup != nil {
		errs = append(errs, meta.Invalid(p.Child("fsGroup"), *c.FSGroup, validation.IsValidGroupID(*c.FSGroup))...)
	}
	for i, g := range c.SupplementalGroups {
		errs = append(errs, meta.Invalid(p.Child("supplementalGroups").Index(i), g, validation.IsValidGroupID(g))...)
	}
	errs = append(errs, meta.EnumOr(p.Child("supplementalGroupsPolicy"), c.SupplementalGroupsPolicy,
		corev1.SupplementalGroupsPolicyMerge, corev1.SupplementalGroupsPolicyStrict)...)
	errs = append(errs, meta.EnumOr(p.Child("fsGroupChangePolicy"), c.FSGroupChangePolicy,
		corev1.FSGroupChangeAlways, corev1.FSGroupChangeOnRootMismatch)...)
	errs = append(errs, validateSeccomp(c.SeccompProfile, p.Child("seccompProfile"))...)
	errs = append(errs, validateAppArmor(c.AppArmorProfile, p.Child("appArmorProfile"))...)
	seen := meta.Unique[string]{}
	for i, ctl := range c.Sysctls {
		sp := p.Child("sysctls").Index(i).Child("name")
		if ctl.Name == "" {
			errs = append(errs, field.Required(sp, ""))
			continue
		}
		errs = append(errs, seen.Check(sp, ctl.Name)...)
	}
	return errs
}

func validateSecurity(c *corev1.SecurityContext, p *field.Path) field.ErrorList {
	if c == nil {
		return nil
	}
	errs := validateIDs(c.RunAsUser, c.RunAsGroup, p)
	errs = append(errs, meta.EnumOr(p.Child("procMount"), c.ProcMount, corev1.DefaultProcMount, corev1.UnmaskedProcMount)...)
	errs = append(errs, validateSeccomp(c.SeccompProfile, p.Child("seccompProfile"))...)
	errs = append(errs, validateAppArmor(c.AppArmorProfile, p.Child("appArmorProfile"))...)
	if c.AllowPrivilegeEscalation == nil || *c.AllowPrivilegeEscalation {
		return errs
	}
	if c.Privileged != nil && *c.Privileged {
		errs = append(errs, field.Invalid(p, c, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"))
	}
	if c.Capabilities != nil {
		for _, added := range c.Capabilities.Add {
			if added == "CAP_SYS_ADMIN" {
				errs = append(errs, field.Invalid(p, c, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"))
			}
		}
	}
	return errs
}

func validateIDs(user, group *int64, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if user != nil {
		errs = append(errs, meta.Invalid(p.Child("runAsUser"), *user, validation.IsValidUserID(*user))...)
	}
	if group != nil {
		errs = append(errs, meta.Invalid(p.Child("runAsGroup"), *group, validation.IsValidGroupID(*group))...)
	}
	return errs
}

func validateSeccomp(s *corev1.SeccompProfile, p *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	errs := meta.Enum(p.Child("type"), s.Type,
		corev1.SeccompProfileTypeLocalhost, corev1.SeccompProfileTypeRuntimeDefault, corev1.SeccompProfileTypeUnconfined)
	local := s.Type == corev1.SeccompProfileTypeLocalhost
	lp := p.Child("localhostProfile")
	switch {
	case local && s.LocalhostProfile == nil:
		errs = append(errs, field.Required(lp, "must be set when seccomp type is Localhost"))
	case local:
		errs = append(errs, descending(lp, *s.LocalhostProfile)...)
	case s.LocalhostProfile != nil:
		errs = append(errs, field.Invalid(lp, *s.LocalhostProfile, "can only be set when seccomp type is Localhost"))
	}
	return errs
}

func validateAppArmor(a *corev1.AppArmorProfile, p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := meta.Enum(p.Child("type"), a.Type,
		corev1.AppArmorProfileTypeLocalhost, corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeUnconfined)
	local := a.Type == corev1.AppArmorProfileTypeLocalhost
	lp := p.Child("localhostProfile")
	switch {
	case local && a.LocalhostProfile == nil:
		errs = append(errs, field.Required(lp, "must be set when AppArmor type is Localhost"))
	case !local && a.LocalhostProfile != nil:
		errs = append(errs, field.Invalid(lp, *a.LocalhostProfile, "can only be set when AppArmor type is Localhost"))
	}
	return errs
}
