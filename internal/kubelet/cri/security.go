package cri

import (
	"fmt"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Paths of /proc and /sys that containers do not see, or cannot write, unless
// procMount is Unmasked.
var (
	maskedPaths = []string{"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"}
	readonlyPaths = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

func int64Value(v *int64) *runtimeapi.Int64Value {
	if v == nil {
		return nil
	}
	return &runtimeapi.Int64Value{Value: *v}
}

// security is a container's security context with what the pod's adds.
func security(pod *corev1.Pod, c *corev1.Container, o ContainerOptions) *runtimeapi.LinuxContainerSecurityContext {
	s := &runtimeapi.LinuxContainerSecurityContext{
		NamespaceOptions:   namespaces(pod, runtimeapi.NamespaceMode_CONTAINER),
		SupplementalGroups: append(groups(pod), o.VolumeGroups...),
		MaskedPaths:        maskedPaths,
		ReadonlyPaths:      readonlyPaths,
	}
	if t := o.TargetID; t != "" {
		s.NamespaceOptions.Pid, s.NamespaceOptions.TargetId = runtimeapi.NamespaceMode_TARGET, t
	}
	e := effective(pod, c)
	s.RunAsUser, s.RunAsGroup = int64Value(e.RunAsUser), int64Value(e.RunAsGroup)
	if pod.Spec.SecurityContext != nil {
		s.SupplementalGroupsPolicy = groupsPolicy(pod.Spec.SecurityContext)
	}
	s.SelinuxOptions = selinux(e.SELinuxOptions)
	s.Seccomp = seccomp(e.SeccompProfile, o.SeccompRoot)
	s.Privileged = truth(e.Privileged)
	s.ReadonlyRootfs = truth(e.ReadOnlyRootFilesystem)
	s.NoNewPrivs = e.AllowPrivilegeEscalation != nil && !*e.AllowPrivilegeEscalation
	if caps := e.Capabilities; caps != nil {
		s.Capabilities = &runtimeapi.Capability{AddCapabilities: capabilities(caps.Add), DropCapabilities: capabilities(caps.Drop)}
	}
	if e.ProcMount != nil && *e.ProcMount == corev1.UnmaskedProcMount {
		s.MaskedPaths, s.ReadonlyPaths = []string{}, []string{}
	}
	return s
}

func truth(b *bool) bool { return b != nil && *b }

func capabilities(list []corev1.Capability) []string {
	var out []string
	for _, c := range list {
		out = append(out, string(c))
	}
	return out
}

// effective is the container's security context, with the pod's where it says
// nothing itself.
func effective(pod *corev1.Pod, c *corev1.Container) corev1.SecurityContext {
	var e corev1.SecurityContext
	if c.SecurityContext != nil {
		e = *c.SecurityContext
	}
	p := pod.Spec.SecurityContext
	if p == nil {
		return e
	}
	if e.RunAsUser == nil {
		e.RunAsUser = p.RunAsUser
	}
	if e.RunAsGroup == nil {
		e.RunAsGroup = p.RunAsGroup
	}
	if e.RunAsNonRoot == nil {
		e.RunAsNonRoot = p.RunAsNonRoot
	}
	if e.SELinuxOptions == nil {
		e.SELinuxOptions = p.SELinuxOptions
	}
	if e.SeccompProfile == nil {
		e.SeccompProfile = p.SeccompProfile
	}
	return e
}

// VerifyNonRoot says why a container that must not run as root would, or might:
// user and name are those of the image, of which at most one is set.
func VerifyNonRoot(pod *corev1.Pod, c *corev1.Container, user *int64, name string) error {
	e := effective(pod, c)
	if !truth(e.RunAsNonRoot) {
		return nil
	}
	where := fmt.Sprintf("(pod: %q, container: %s)", pod.Name+"_"+pod.Namespace+"("+string(pod.UID)+")", c.Name)
	switch {
	case e.RunAsUser != nil && *e.RunAsUser == 0:
		return fmt.Errorf("container's runAsUser breaks non-root policy %s", where)
	case e.RunAsUser != nil:
		return nil
	case user != nil && *user == 0:
		return fmt.Errorf("container has runAsNonRoot and image will run as root %s", where)
	case user == nil && name != "":
		return fmt.Errorf("container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root %s", name, where)
	}
	return nil
}

func groups(pod *corev1.Pod) []int64 {
	p := pod.Spec.SecurityContext
	if p == nil {
		return nil
	}
	out := append([]int64(nil), p.SupplementalGroups...)
	if p.FSGroup != nil {
		out = append(out, *p.FSGroup)
	}
	return out
}

func groupsPolicy(p *corev1.PodSecurityContext) runtimeapi.SupplementalGroupsPolicy {
	if p.SupplementalGroupsPolicy != nil && *p.SupplementalGroupsPolicy == corev1.SupplementalGroupsPolicyStrict {
		return runtimeapi.SupplementalGroupsPolicy_Strict
	}
	return runtimeapi.SupplementalGroupsPolicy_Merge
}

func selinux(o *corev1.SELinuxOptions) *runtimeapi.SELinuxOption {
	if o == nil {
		return nil
	}
	return &runtimeapi.SELinuxOption{User: o.User, Role: o.Role, Type: o.Type, Level: o.Level}
}

// seccomp turns a profile into CRI's; without one a container is unconfined.
func seccomp(p *corev1.SeccompProfile, root string) *runtimeapi.SecurityProfile {
	out := &runtimeapi.SecurityProfile{ProfileType: runtimeapi.SecurityProfile_Unconfined}
	if p == nil {
		return out
	}
	switch p.Type {
	case corev1.SeccompProfileTypeRuntimeDefault:
		out.ProfileType = runtimeapi.SecurityProfile_RuntimeDefault
	case corev1.SeccompProfileTypeLocalhost:
		out.ProfileType = runtimeapi.SecurityProfile_Localhost
		if p.LocalhostProfile != nil {
			out.LocalhostRef = filepath.Join(root, *p.LocalhostProfile)
		}
	}
	return out
}
