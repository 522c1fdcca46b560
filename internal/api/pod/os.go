package pod

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateOS judges what the pod says of its operating system, and that it
// asks for nothing that the system does not have.
func validateOS(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	switch {
	case s.OS == nil:
		return nil
	case s.OS.Name == "":
		return field.ErrorList{field.Required(p.Child("os", "name"), "")}
	case s.OS.Name == corev1.Linux:
		return validateLinux(s, p)
	case s.OS.Name == corev1.Windows:
		return validateWindows(s, p)
	}
	return field.ErrorList{field.NotSupported(p.Child("os"), s.OS.Name, []corev1.OSName{corev1.Linux, corev1.Windows})}
}

// eachAt is EachContainer with the path of each.
func eachAt(s *corev1.PodSpec, p *field.Path, f func(*corev1.Container, *field.Path)) {
	next := map[ContainerType]int{}
	EachContainer(s, func(c *corev1.Container, t ContainerType) {
		f(c, p.Child(string(t)).Index(next[t]))
		next[t]++
	})
}

func validateLinux(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	const never = "windows options cannot be set for a linux pod"
	var errs field.ErrorList
	if s.SecurityContext != nil && s.SecurityContext.WindowsOptions != nil {
		errs = append(errs, field.Forbidden(p.Child("securityContext", "windowsOptions"), never))
	}
	eachAt(s, p, func(c *corev1.Container, p *field.Path) {
		if c.SecurityContext != nil && c.SecurityContext.WindowsOptions != nil {
			errs = append(errs, field.Forbidden(p.Child("securityContext", "windowsOptions"), never))
		}
	})
	return errs
}

func validateWindows(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	c := s.SecurityContext
	if c == nil {
		c = &corev1.PodSecurityContext{}
	}
	sp := p.Child("securityContext")
	errs := forbidden(
		given{sp.Child("appArmorProfile"), c.AppArmorProfile != nil},
		given{sp.Child("seLinuxOptions"), c.SELinuxOptions != nil},
		given{p.Child("hostUsers"), s.HostUsers != nil},
		given{p.Child("hostPID"), s.HostPID},
		given{p.Child("hostIPC"), s.HostIPC},
		given{sp.Child("seccompProfile"), c.SeccompProfile != nil},
		given{sp.Child("fsGroup"), c.FSGroup != nil},
		given{sp.Child("fsGroupChangePolicy"), c.FSGroupChangePolicy != nil},
		given{sp.Child("sysctls"), len(c.Sysctls) > 0},
		given{p.Child("shareProcessNamespace"), s.ShareProcessNamespace != nil},
		given{sp.Child("runAsUser"), c.RunAsUser != nil},
		given{sp.Child("runAsGroup"), c.RunAsGroup != nil},
		given{sp.Child("supplementalGroups"), c.SupplementalGroups != nil},
		given{sp.Child("supplementalGroupsPolicy"), c.SupplementalGroupsPolicy != nil},
		given{sp.Child("seLinuxChangePolicy"), c.SELinuxChangePolicy != nil},
	)
	eachAt(s, p, func(c *corev1.Container, p *field.Path) {
		if c.SecurityContext != nil {
			errs = append(errs, validateWindowsContainer(c.SecurityContext, p.Child("securityContext"))...)
		}
	})
	return errs
}

func validateWindowsContainer(c *corev1.SecurityContext, p *field.Path) field.ErrorList {
	return forbidden(
		given{p.Child("appArmorProfile"), c.AppArmorProfile != nil},
		given{p.Child("seLinuxOptions"), c.SELinuxOptions != nil},
		given{p.Child("seccompProfile"), c.SeccompProfile != nil},
		given{p.Child("capabilities"), c.Capabilities != nil},
		given{p.Child("readOnlyRootFilesystem"), c.ReadOnlyRootFilesystem != nil},
		given{p.Child("privileged"), c.Privileged != nil},
		given{p.Child("allowPrivilegeEscalation"), c.AllowPrivilegeEscalation != nil},
		given{p.Child("procMount"), c.ProcMount != nil},
		given{p.Child("runAsUser"), c.RunAsUser != nil},
		given{p.Child("runAsGroup"), c.RunAsGroup != nil},
	)
}

// given is a field, and whether it is set.
type given struct {
	p   *field.Path
	set bool
}

// forbidden refuses, in this order, what Windows does not have.
func forbidden(fields ...given) field.ErrorList {
	var errs field.ErrorList
	for _, f := range fields {
		if f.set {
			errs = append(errs, field.Forbidden(f.p, "cannot be set for a windows pod"))
		}
	}
	return errs
}

// sortedKeys are the keys of m in order, so that errors come in one order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
