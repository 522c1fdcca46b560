package pod

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateAnnotations judges the annotations of a pod, or of a template, that
// mean something to Kubernetes.
func validateAnnotations(m map[string]string, s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if value, mirror := m[corev1.MirrorPodAnnotationKey]; mirror && s.NodeName == "" {
		errs = append(errs, field.Invalid(p.Key(corev1.MirrorPodAnnotationKey), value, "must set spec.nodeName if mirror pod annotation is set"))
	}
	if cost, ok := m[corev1.PodDeletionCost]; ok && !deletionCost(cost) {
		errs = append(errs, field.Invalid(p.Key(corev1.PodDeletionCost), cost, "must be a 32bit integer"))
	}
	for _, key := range sortedKeys(m) {
		name, ok := strings.CutPrefix(key, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix)
		if !ok {
			continue
		}
		if !hasContainer(s, name) {
			errs = append(errs, field.Invalid(p.Key(key), name, "container not found"))
		}
		if profile := m[key]; !appArmorProfile(profile) {
			errs = append(errs, field.Invalid(p.Key(key), profile, "invalid AppArmor profile name: "+strconv.Quote(profile)))
		}
	}
	return errs
}

// deletionCost wants a number as its own text: no plus sign, no zeros before.
func deletionCost(s string) bool {
	n, err := strconv.ParseInt(s, 10, 32)
	return err == nil && strconv.FormatInt(n, 10) == s
}

func appArmorProfile(s string) bool {
	return s == "" || s == corev1.DeprecatedAppArmorBetaProfileRuntimeDefault || s == corev1.DeprecatedAppArmorBetaProfileNameUnconfined ||
		strings.HasPrefix(s, corev1.DeprecatedAppArmorBetaProfileNamePrefix)
}

func hasContainer(s *corev1.PodSpec, name string) bool {
	found := false
	EachContainer(s, func(c *corev1.Container, _ ContainerType) { found = found || c.Name == name })
	return found
}

// ValidateAnnotationsUpdate: a pod cannot become the image of a file on a node,
// nor cease to be, and its containers keep the profiles they were made with.
func ValidateAnnotationsUpdate(o, old *corev1.Pod, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	special := func(key, what string) {
		if strings.HasPrefix(key, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix) {
			errs = append(errs, field.Forbidden(p.Key(key), "may not "+what+" AppArmor annotations"))
		}
		if key == corev1.MirrorPodAnnotationKey {
			errs = append(errs, field.Forbidden(p.Key(key), "may not "+what+" mirror pod annotation"))
		}
	}
	for _, key := range sortedKeys(old.Annotations) {
		if value, ok := o.Annotations[key]; !ok || value != old.Annotations[key] {
			special(key, "remove or update")
		}
	}
	for _, key := range sortedKeys(o.Annotations) {
		if _, ok := old.Annotations[key]; !ok {
			special(key, "add")
		}
	}
	return errs
}
