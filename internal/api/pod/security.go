package pod

import (
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/component-helpers/node/util/sysctl"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
	"skiff/internal/api/volume"
)

func validatePodSecurity(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	c := s.SecurityContext
	if c == nil {
		return nil
	}
	var errs field.ErrorList
	if c.FSGroup != nil {
		errs = append(errs, meta.Invalid(p.Child("fsGroup"), *c.FSGroup, validation.IsValidGroupID(*c.FSGroup))...)
	}
	errs = append(errs, validateIDs(c.RunAsUser, c.RunAsGroup, p)...)
	for i, g := range c.SupplementalGroups {
		errs = append(errs, meta.Invalid(p.Child("supplementalGroups").Index(i), g, validation.IsValidGroupID(g))...)
	}
	if s.HostPID && ptr.Deref(s.ShareProcessNamespace, false) {
		errs = append(errs, field.Invalid(p.Child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled"))
	}
	errs = append(errs, validateSysctls(s, p.Child("sysctls"))...)
	errs = append(errs, meta.EnumOr(p.Child("fsGroupChangePolicy"), c.FSGroupChangePolicy,
		corev1.FSGroupChangeAlways, corev1.FSGroupChangeOnRootMismatch)...)
	errs = append(errs, validateSeccomp(c.SeccompProfile, p.Child("seccompProfile"))...)
	errs = append(errs, validateWindowsOptions(c.WindowsOptions, p.Child("windowsOptions"))...)
	errs = append(errs, validateAppArmor(c.AppArmorProfile, p.Child("appArmorProfile"))...)
	errs = append(errs, meta.EnumOr(p.Child("supplementalGroupsPolicy"), c.SupplementalGroupsPolicy,
		corev1.SupplementalGroupsPolicyMerge, corev1.SupplementalGroupsPolicyStrict)...)
	return append(errs, meta.EnumOr(p.Child("seLinuxChangePolicy"), c.SELinuxChangePolicy,
		corev1.SELinuxChangePolicyMountOption, corev1.SELinuxChangePolicyRecursive)...)
}

const maxSysctlName = 253

// sysctlName is the name of a parameter of the kernel, its parts separated by
// dots or slashes.
var sysctlName = regexp.MustCompile("^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$")

// validateSysctls: a parameter of the host's own network or IPC is not the
// pod's to set.
func validateSysctls(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[string]{}
	for i, ctl := range s.SecurityContext.Sysctls {
		np := p.Index(i).Child("name")
		switch {
		case ctl.Name == "":
			errs = append(errs, field.Required(np, ""))
		case len(ctl.Name) > maxSysctlName || !sysctlName.MatchString(ctl.Name):
			errs = append(errs, field.Invalid(np, ctl.Name, fmt.Sprintf("must have at most %d characters and match regex %s", maxSysctlName, sysctlName)))
		default:
			errs = append(errs, seen.Check(np, ctl.Name)...)
		}
		switch namespace, _, _ := sysctl.GetNamespace(ctl.Name); {
		case s.HostNetwork && namespace == sysctl.NetNamespace:
			errs = append(errs, field.Invalid(np, ctl.Name, "may not be specified when 'hostNetwork' is true"))
		case s.HostIPC && namespace == sysctl.IPCNamespace:
			errs = append(errs, field.Invalid(np, ctl.Name, "may not be specified when 'hostIPC' is true"))
		}
	}
	return errs
}

// hostUsers says whether the users in the pod are those of the node.
func hostUsers(s *corev1.PodSpec) bool { return ptr.Deref(s.HostUsers, true) }

// validateHostUsers: users of its own do not go with other namespaces of the
// node, nor with its disks.
func validateHostUsers(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	if hostUsers(s) {
		return nil
	}
	const why = "when `hostUsers` is false"
	var errs field.ErrorList
	if s.HostNetwork {
		errs = append(errs, field.Forbidden(p.Child("hostNetwork"), why))
	}
	if s.HostPID {
		errs = append(errs, field.Forbidden(p.Child("HostPID"), why))
	}
	if s.HostIPC {
		errs = append(errs, field.Forbidden(p.Child("HostIPC"), why))
	}
	eachAt(s, p, func(c *corev1.Container, p *field.Path) {
		if len(c.VolumeDevices) > 0 {
			errs = append(errs, field.Forbidden(p.Child("volumeDevices"), why))
		}
	})
	return errs
}

func validateSecurity(c *corev1.SecurityContext, hostUsers bool, p *field.Path) field.ErrorList {
	if c == nil {
		return nil
	}
	errs := validateIDs(c.RunAsUser, c.RunAsGroup, p)
	if c.ProcMount != nil {
		errs = append(errs, meta.OneOf(p.Child("procMount"), *c.ProcMount, corev1.DefaultProcMount, corev1.UnmaskedProcMount)...)
		if hostUsers && *c.ProcMount == corev1.UnmaskedProcMount {
			errs = append(errs, field.Invalid(p.Child("procMount"), *c.ProcMount, "`hostUsers` must be false to use `Unmasked`"))
		}
	}
	errs = append(errs, validateSeccomp(c.SeccompProfile, p.Child("seccompProfile"))...)
	errs = append(errs, validateEscalation(c, p)...)
	errs = append(errs, validateWindowsOptions(c.WindowsOptions, p.Child("windowsOptions"))...)
	return append(errs, validateAppArmor(c.AppArmorProfile, p.Child("appArmorProfile"))...)
}

// validateEscalation: who may do everything cannot be kept from gaining more.
func validateEscalation(c *corev1.SecurityContext, p *field.Path) field.ErrorList {
	if ptr.Deref(c.AllowPrivilegeEscalation, true) {
		return nil
	}
	var errs field.ErrorList
	if ptr.Deref(c.Privileged, false) {
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
	var errs field.ErrorList
	if s.Type == "" {
		errs = append(errs, field.Required(p.Child("type"), "type is required when seccompProfile is set"))
	} else {
		errs = append(errs, meta.OneOf(p.Child("type"), s.Type,
			corev1.SeccompProfileTypeLocalhost, corev1.SeccompProfileTypeRuntimeDefault, corev1.SeccompProfileTypeUnconfined)...)
	}
	local, lp := s.Type == corev1.SeccompProfileTypeLocalhost, p.Child("localhostProfile")
	switch {
	case local && s.LocalhostProfile == nil:
		errs = append(errs, field.Required(lp, "must be set when seccomp type is Localhost"))
	case local:
		errs = append(errs, volume.Descending(lp, *s.LocalhostProfile)...)
	case s.LocalhostProfile != nil:
		errs = append(errs, field.Invalid(lp, s, "can only be set when seccomp type is Localhost"))
	}
	return errs
}

// maxProfileName is the longest path of a file, but for its end.
const maxProfileName = 4095

func validateAppArmor(a *corev1.AppArmorProfile, p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	lp := p.Child("localhostProfile")
	switch a.Type {
	case corev1.AppArmorProfileTypeLocalhost:
		return validateAppArmorName(a.LocalhostProfile, lp)
	case corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeUnconfined:
		if a.LocalhostProfile != nil {
			return field.ErrorList{field.Invalid(lp, *a.LocalhostProfile, "can only be set when AppArmor type is Localhost")}
		}
		return nil
	case "":
		return field.ErrorList{field.Required(p.Child("type"), "type is required when appArmorProfile is set")}
	}
	return meta.OneOf(p.Child("type"), a.Type,
		corev1.AppArmorProfileTypeLocalhost, corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeUnconfined)
}

func validateAppArmorName(name *string, p *field.Path) field.ErrorList {
	const missing = "must be set when AppArmor type is Localhost"
	if name == nil {
		return field.ErrorList{field.Required(p, missing)}
	}
	var errs field.ErrorList
	if trimmed := strings.TrimSpace(*name); trimmed != *name {
		errs = append(errs, field.Invalid(p, *name, "must not be padded with whitespace"))
	} else if trimmed == "" {
		errs = append(errs, field.Required(p, missing))
	}
	if len(*name) > maxProfileName {
		errs = append(errs, field.TooLong(p, "", maxProfileName))
	}
	return errs
}
