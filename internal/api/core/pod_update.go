package core

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/pod"
)

const podUpdateMessage = "pod updates may not change fields other than `spec.containers[*].image`," +
	"`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"

func validatePodUpdate(o, old *corev1.Pod) field.ErrorList {
	p := field.NewPath("spec")
	if errs := sameContainers(&o.Spec, &old.Spec, p); len(errs) > 0 {
		return errs // comparing further would only repeat it
	}
	errs := validateDeadlineUpdate(&o.Spec, &old.Spec, p.Child("activeDeadlineSeconds"))
	errs = append(errs, validateTolerationsUpdate(o.Spec.Tolerations, old.Spec.Tolerations, p.Child("tolerations"))...)
	errs = append(errs, validateGatesUpdate(&o.Spec, &old.Spec, p.Child("schedulingGates"))...)
	if len(errs) > 0 {
		return errs
	}
	if wanted := withChanges(&old.Spec, &o.Spec); !equality.Semantic.DeepEqual(wanted, &o.Spec) {
		errs = append(errs, field.Forbidden(p, podUpdateMessage+diff.Diff(wanted, &o.Spec)))
	}
	return errs
}

func sameContainers(s, old *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(s.Containers) != len(old.Containers) {
		errs = append(errs, field.Forbidden(p.Child("containers"), "pod updates may not add or remove containers"))
	}
	if len(s.InitContainers) != len(old.InitContainers) {
		errs = append(errs, field.Forbidden(p.Child("initContainers"), "pod updates may not add or remove containers"))
	}
	return errs
}

// withChanges is old with those fields of s that an update may change.
func withChanges(old, s *corev1.PodSpec) *corev1.PodSpec {
	w := old.DeepCopy()
	for i := range w.Containers {
		w.Containers[i].Image = s.Containers[i].Image
	}
	for i := range w.InitContainers {
		w.InitContainers[i].Image = s.InitContainers[i].Image
	}
	w.ActiveDeadlineSeconds = s.ActiveDeadlineSeconds
	w.Tolerations = s.Tolerations
	w.SchedulingGates = s.SchedulingGates
	if g, n := old.TerminationGracePeriodSeconds, s.TerminationGracePeriodSeconds; g != nil && *g < 0 && n != nil && *n == 1 {
		w.TerminationGracePeriodSeconds = n
	}
	if len(old.SchedulingGates) > 0 {
		// Who holds a pod back may narrow where it goes.
		if adds(s.NodeSelector, old.NodeSelector) {
			w.NodeSelector = s.NodeSelector
		}
		if s.Affinity != nil && narrows(s.Affinity.NodeAffinity, nodeAffinity(old)) {
			if w.Affinity == nil {
				w.Affinity = &corev1.Affinity{}
			}
			w.Affinity.NodeAffinity = s.Affinity.NodeAffinity
		}
	}
	return w
}

func nodeAffinity(s *corev1.PodSpec) *corev1.NodeAffinity {
	if s.Affinity == nil {
		return nil
	}
	return s.Affinity.NodeAffinity
}

func adds(m, old map[string]string) bool {
	for k, v := range old {
		if got, ok := m[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// narrows says whether a asks for all that old asks for: the same terms, each
// with the same expressions first.
func narrows(a, old *corev1.NodeAffinity) bool {
	if old == nil || old.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return true
	}
	if a == nil || a.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return false
	}
	terms := a.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	oldTerms := old.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	if len(terms) != len(oldTerms) {
		return false
	}
	for i, t := range oldTerms {
		n := terms[i]
		if len(t.MatchExpressions)+len(t.MatchFields) == 0 ||
			!hasPrefix(n.MatchExpressions, t.MatchExpressions) || !hasPrefix(n.MatchFields, t.MatchFields) {
			return false
		}
	}
	return true
}

func hasPrefix(list, prefix []corev1.NodeSelectorRequirement) bool {
	return len(list) >= len(prefix) && equality.Semantic.DeepEqual(list[:len(prefix)], prefix)
}

func validateDeadlineUpdate(s, old *corev1.PodSpec, p *field.Path) field.ErrorList {
	was, is := old.ActiveDeadlineSeconds, s.ActiveDeadlineSeconds
	switch {
	case was == nil:
		return nil
	case is == nil:
		return field.ErrorList{field.Invalid(p, is, "must not update from a positive integer to nil value")}
	case *is > *was:
		return field.ErrorList{field.Invalid(p, *is, "must be less than or equal to previous value")}
	}
	return nil
}

// validateTolerationsUpdate: those that were there stay, but for their seconds.
func validateTolerationsUpdate(list, old []corev1.Toleration, p *field.Path) field.ErrorList {
	for _, was := range old {
		there := slices.ContainsFunc(list, func(t corev1.Toleration) bool {
			t.TolerationSeconds = was.TolerationSeconds
			return t == was
		})
		if !there {
			return field.ErrorList{field.Forbidden(p, "existing toleration can not be modified except its tolerationSeconds")}
		}
	}
	return nil
}

func validateGatesUpdate(s, old *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, g := range s.SchedulingGates {
		if !slices.Contains(old.SchedulingGates, g) {
			errs = append(errs, field.Forbidden(p, fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", g.Name)))
		}
	}
	return errs
}

func validateEphemeralUpdate(o, old *corev1.Pod) field.ErrorList {
	p := field.NewPath("spec", "ephemeralContainers")
	errs := pod.ValidateSpec(&o.Spec, field.NewPath("spec"))
	for _, was := range old.Spec.EphemeralContainers {
		i := slices.IndexFunc(o.Spec.EphemeralContainers, func(c corev1.EphemeralContainer) bool { return c.Name == was.Name })
		if i < 0 {
			errs = append(errs, field.Forbidden(p, fmt.Sprintf("existing ephemeral containers %q may not be removed\n", was.Name)))
		} else if !equality.Semantic.DeepEqual(o.Spec.EphemeralContainers[i], was) {
			errs = append(errs, field.Forbidden(p, fmt.Sprintf("existing ephemeral containers %q may not be changed\n%s",
				was.Name, diff.Diff(was, o.Spec.EphemeralContainers[i]))))
		}
	}
	return errs
}
