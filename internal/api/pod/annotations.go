package pod

import (
	"encoding/json"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/volume"
)

// validateAnnotations judges the annotations of a pod, or of a template, that
// mean something to Kubernetes.
func validateAnnotations(m map[string]string, s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if value, mirror := m[corev1.MirrorPodAnnotationKey]; mirror && s.NodeName == "" {
		errs = append(errs, field.Invalid(p.Key(corev1.MirrorPodAnnotationKey), value, "must set spec.nodeName if mirror pod annotation is set"))
	}
	errs = append(errs, validateTolerationsIn(m[corev1.TolerationsAnnotationKey], p)...)
	if cost, ok := m[corev1.PodDeletionCost]; ok && !deletionCost(cost) {
		errs = append(errs, field.Invalid(p.Key(corev1.PodDeletionCost), cost, "must be a 32bit integer"))
	}
	errs = append(errs, validateSeccompIn(m, p)...)
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

// validateTolerationsIn judges tolerations that an annotation holds, as they
// once were written.
func validateTolerationsIn(text string, p *field.Path) field.ErrorList {
	if text == "" {
		return nil
	}
	var tolerations []corev1.Toleration
	if err := json.Unmarshal([]byte(text), &tolerations); err != nil {
		return field.ErrorList{field.Invalid(p, corev1.TolerationsAnnotationKey, err.Error())}
	}
	return ValidateTolerations(tolerations, p.Child(corev1.TolerationsAnnotationKey))
}

// deletionCost wants a number without a plus sign and without zeros before it.
func deletionCost(s string) bool {
	if s == "" || s[0] == '+' || s[0] == '0' && s != "0" {
		return false
	}
	_, err := strconv.ParseInt(s, 10, 32)
	return err == nil
}

// validateSeccompIn judges the seccomp profiles that annotations name: that of
// the pod, then those of its containers.
func validateSeccompIn(m map[string]string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if profile, ok := m[corev1.SeccompPodAnnotationKey]; ok {
		errs = validateSeccompName(p.Child(corev1.SeccompPodAnnotationKey), profile)
	}
	for _, key := range sortedKeys(m) {
		if strings.HasPrefix(key, corev1.SeccompContainerAnnotationKeyPrefix) {
			errs = append(errs, validateSeccompName(p.Child(key), m[key])...)
		}
	}
	return errs
}

func validateSeccompName(p *field.Path, profile string) field.ErrorList {
	switch profile {
	case corev1.SeccompProfileRuntimeDefault, corev1.DeprecatedSeccompProfileDockerDefault, corev1.SeccompProfileNameUnconfined:
		return nil
	}
	if file, ok := strings.CutPrefix(profile, corev1.SeccompLocalhostProfileNamePrefix); ok {
		return volume.Descending(p, file)
	}
	return field.ErrorList{field.Invalid(p, profile, "must be a valid seccomp profile")}
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
// All annotations are judged again with what changed.
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
	return append(errs, validateAnnotations(o.Annotations, &o.Spec, p)...)
}
