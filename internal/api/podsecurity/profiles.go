package podsecurity

import (
	"fmt"
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
	values = sortedSet(values)
	if annotations := s.annotations(isAppArmor, appArmorAllowed); len(annotations) > 0 {
		setters, values = append(setters, pluralOf("annotation", annotations)), append(values, annotations...)
	}
	if len(setters) == 0 {
		return nil
	}
	return &Violation{pluralOf("forbidden AppArmor profile", values),
		fmt.Sprintf("%s must not set AppArmor profile type to %s", strings.Join(setters, " and "), quoted(values))}
}

func isAppArmor(key string) bool { return strings.HasPrefix(key, appArmorAnnotation) }

func appArmorAllowed(profile string) bool {
	return profile == "" || profile == corev1.DeprecatedAppArmorBetaProfileRuntimeDefault ||
		strings.HasPrefix(profile, corev1.DeprecatedAppArmorBetaProfileNamePrefix)
}

// annotations are those of the pod that are of a sort and not allowed, in the
// form key="value".
func (s *subject) annotations(is, allowed func(string) bool) []string {
	var found []string
	for key, value := range s.meta.Annotations {
		if is(key) && !allowed(value) {
			found = append(found, fmt.Sprintf("%s=%q", key, value))
		}
	}
	return sortedSet(found)
}

func profileAllowed(p *corev1.SeccompProfile) bool {
	return p.Type == corev1.SeccompProfileTypeRuntimeDefault || p.Type == corev1.SeccompProfileTypeLocalhost
}

// seccompBaseline: no profile need be chosen, but none that is unconfined. There
// is a field for it since 1.19.
func seccompBaseline(s *subject) *Violation {
	if !s.version.since(19) {
		return seccompAnnotated(s)
	}
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

// seccompAnnotated looks at the annotations that chose a profile before.
func seccompAnnotated(s *subject) *Violation {
	keys := map[string]bool{corev1.SeccompPodAnnotationKey: true}
	for _, c := range s.containers {
		keys[corev1.SeccompContainerAnnotationKeyPrefix+c.Name] = true
	}
	found := s.annotations(func(key string) bool { return keys[key] }, func(profile string) bool {
		return profile == corev1.SeccompProfileRuntimeDefault || profile == corev1.DeprecatedSeccompProfileDockerDefault ||
			strings.HasPrefix(profile, corev1.SeccompLocalhostProfileNamePrefix)
	})
	if len(found) == 0 {
		return nil
	}
	return &Violation{seccompReason, "forbidden " + pluralOf("annotation", found) + " " + strings.Join(found, ", ")}
}

const seccompReason = "seccompProfile"

const seccompWanted = `securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`

// seccompRestricted: each container has a profile, its own or the pod's.
func seccompRestricted(s *subject) *Violation {
	if !s.version.since(19) || s.windows() {
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
