package core

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/pod"
)

// preparePod makes a new pod what it starts as, whatever its status says.
func preparePod(o *corev1.Pod) {
	defaultPodResources(o)
	o.Status = corev1.PodStatus{Phase: corev1.PodPending, QOSClass: pod.QOS(&o.Spec)}
	pod.DropInitAnnotations(o.Annotations)
	if len(o.Spec.SchedulingGates) > 0 {
		o.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonSchedulingGated,
			Message: "Scheduling is blocked due to non-empty scheduling gates", LastTransitionTime: metav1.Now(),
		}}
	}
	pod.MergeMatchLabelKeys(&o.Spec, o.Labels)
	eachAppArmorAnnotation(o, func(_ string, c *corev1.Container, p *corev1.AppArmorProfile) {
		if p == nil || equality.Semantic.DeepEqual(p, ofPod(&o.Spec)) {
			return
		}
		if c.SecurityContext == nil {
			c.SecurityContext = &corev1.SecurityContext{}
		}
		c.SecurityContext.AppArmorProfile = p
	})
}

// preparePodUpdate: the status has a subresource of its own; what the pod as a
// whole got on top of what it asked for, it keeps.
func preparePodUpdate(o, old *corev1.Pod) {
	o.Status = old.Status
	pod.DropInitAnnotations(o.Annotations)
	keepPodResources(o, old)
}

// eachAppArmorAnnotation calls f with the containers that name their profile
// in an annotation alone, and the profile: nil for what names none.
func eachAppArmorAnnotation(o *corev1.Pod, f func(key string, c *corev1.Container, p *corev1.AppArmorProfile)) {
	if o.Spec.OS != nil && o.Spec.OS.Name == corev1.Windows {
		return
	}
	pod.EachContainer(&o.Spec, func(c *corev1.Container, _ pod.ContainerType) {
		key := corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix + c.Name
		value, ok := o.Annotations[key]
		if !ok || c.SecurityContext != nil && c.SecurityContext.AppArmorProfile != nil {
			return
		}
		f(key, c, appArmorProfile(value))
	})
}

// maxLocalProfile is the longest path that the kernel takes.
const maxLocalProfile = 4095

// appArmorProfile is the field that says the same as the annotation, or nil.
func appArmorProfile(annotation string) *corev1.AppArmorProfile {
	switch annotation {
	case corev1.DeprecatedAppArmorBetaProfileNameUnconfined:
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
	case corev1.DeprecatedAppArmorBetaProfileRuntimeDefault:
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeRuntimeDefault}
	}
	name, local := strings.CutPrefix(annotation, corev1.DeprecatedAppArmorBetaProfileNamePrefix)
	if !local || name == "" || strings.TrimSpace(name) != name || len(name) > maxLocalProfile {
		return nil
	}
	return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeLocalhost, LocalhostProfile: &name}
}

func ofPod(s *corev1.PodSpec) *corev1.AppArmorProfile {
	if s.SecurityContext == nil {
		return nil
	}
	return s.SecurityContext.AppArmorProfile
}

// appArmorWarnings tells of annotations that have become fields, or cannot; and
// of those that say the same as a field, as nobody can tell them from those.
func appArmorWarnings(o *corev1.Pod) []string {
	if o.Spec.OS != nil && o.Spec.OS.Name == corev1.Windows {
		return nil
	}
	var warnings []string
	pod.EachContainer(&o.Spec, func(c *corev1.Container, _ pod.ContainerType) {
		key := corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix + c.Name
		value, found := o.Annotations[key]
		var own *corev1.AppArmorProfile
		if c.SecurityContext != nil {
			own = c.SecurityContext.AppArmorProfile
		}
		if found && equality.Semantic.DeepEqual(appArmorProfile(value), own) {
			warnings = append(warnings, field.NewPath("metadata", "annotations").Key(key).String()+
				`: deprecated since v1.30; use the "appArmorProfile" field instead`)
		}
	})
	return warnings
}
