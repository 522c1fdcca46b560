package podsecurity

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// appArmorAnnotation chose a container's profile before there was a field.
const appArmorAnnotation = corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix

func appArmor(s *subject) *Violation {
	var setters, values []string
	judge := func(p *corev1.AppArmorProfile) bool {
		if p == nil || p.Type == corev1.AppArmorProfileTypeRuntimeDefault || p.Type == corev1.AppArmorProfileTypeLocalhost {
			return false
		}
		values = append(values, string(p.Type))
		return true
	}
	if judge(s.security().AppArmorProfile) {
		setters = append(setters, "pod")
	}
	if names := s.where(func(c *corev1.Container) bool { return judge(security(c).AppArmorProfile) }); len(names) > 0 {
		setters = append(setters, container(names))
	}
	var annotations []string
	for _, key := range slices.Sorted(maps.Keys(s.meta.Annotations)) {
		value := s.meta.Annotations[key]
		if strings.HasPrefix(key, appArmorAnnotation) && value != "" && value != "runtime/default" && !strings.HasPrefix(value, "localhost/") {
			annotations = append(annotations, fmt.Sprintf("%s=%q", key, value))
		}
	}
	var said []string
	if len(setters) > 0 {
		said = append(said, fmt.Sprintf("%s must not set AppArmor profile type to %s", strings.Join(setters, " and "), quoted(sortedSet(values))))
	}
	if len(annotations) > 0 {
		noun := "annotation"
		if len(annotations) > 1 {
			noun = "annotations"
		}
		said = append(said, noun+" "+strings.Join(annotations, ", "))
	}
	if len(said) == 0 {
		return nil
	}
	noun := "forbidden AppArmor profile"
	if len(values)+len(annotations) > 1 {
		noun += "s"
	}
	return &Violation{noun, strings.Join(said, "; ")}
}

func profileAllowed(p *corev1.SeccompProfile) bool {
	return p.Type == corev1.SeccompProfileTypeRuntimeDefault || p.Type == corev1.SeccompProfileTypeLocalhost
}

// seccompBaseline: no profile need be chosen, but none that is unconfined.
func seccompBaseline(s *subject) *Violation {
	var setters, values []string
	judge := func(p *corev1.SeccompProfile) bool {
		if p == nil || profileAllowed(p) {
			return false
		}
		values = append(values, string(p.Type))
		return true
	}
	if judge(s.security().SeccompProfile) {
		setters = append(setters, "pod")
	}
	if names := s.where(func(c *corev1.Container) bool { return judge(security(c).SeccompProfile) }); len(names) > 0 {
		setters = append(setters, container(names))
	}
	if len(setters) == 0 {
		return nil
	}
	return &Violation{seccompReason, fmt.Sprintf("%s must not set securityContext.seccompProfile.type to %s", strings.Join(setters, " and "), quoted(sortedSet(values)))}
}

const seccompReason = "seccompProfile"

const seccompWanted = `securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`

// seccompRestricted: each container has a profile, its own or the pod's.
func seccompRestricted(s *subject) *Violation {
	if s.windows() {
		return nil
	}
	ofPod := s.security().SeccompProfile
	podBad := ofPod != nil && !profileAllowed(ofPod)
	bad := s.where(func(c *corev1.Container) bool { p := security(c).SeccompProfile; return p != nil && !profileAllowed(p) })
	unset := s.where(func(c *corev1.Container) bool { return security(c).SeccompProfile == nil })
	if v := seccompBaseline(s); v != nil && (podBad || len(bad) > 0) {
		return v
	}
	if ofPod != nil || len(unset) == 0 {
		return nil
	}
	return &Violation{seccompReason, fmt.Sprintf("pod or %s must set %s", container(unset), seccompWanted)}
}
