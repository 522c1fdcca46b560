package core

import (
	"fmt"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

const podUpdateMessage = "pod updates may not change fields other than `spec.containers[*].image`," +
	"`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"

func validatePodUpdate(o, old *corev1.Pod) field.ErrorList {
	p := field.NewPath("spec")
	errs := pod.ValidateAnnotationsUpdate(o, old, field.NewPath("metadata", "annotations"))
	if bad := sameContainers(&o.Spec, &old.Spec, p); len(bad) > 0 {
		return append(errs, bad...) // comparing further would only repeat it
	}
	deadline := validateDeadlineUpdate(&o.Spec, &old.Spec, p.Child("activeDeadlineSeconds"))
	if errs = append(errs, deadline...); len(deadline) > 0 && o.Spec.ActiveDeadlineSeconds != nil {
		return errs // as clients know it; one that is taken away stops nothing
	}
	errs = append(errs, validateTolerationsUpdate(o.Spec.Tolerations, old.Spec.Tolerations, p.Child("tolerations"))...)
	errs = append(errs, validateGatesUpdate(&o.Spec, &old.Spec, p.Child("schedulingGates"))...)
	if len(old.Spec.SchedulingGates) > 0 {
		errs = append(errs, validateNarrowing(&o.Spec, &old.Spec, p)...)
	}
	if meta.Same(&o.Spec, &old.Spec) {
		return errs
	}
	if kept := withoutChanges(&o.Spec, &old.Spec); !equality.Semantic.DeepEqual(kept, &old.Spec) {
		errs = append(errs, field.Forbidden(p, podUpdateMessage+diff.Diff(&old.Spec, kept)))
	}
	return errs
}

func sameContainers(s, old *corev1.PodSpec, p *field.Path) field.ErrorList {
	const why = "pod updates may not add or remove containers"
	if len(s.Containers) != len(old.Containers) {
		return field.ErrorList{field.Forbidden(p.Child("containers"), why)}
	}
	if len(s.InitContainers) != len(old.InitContainers) {
		return field.ErrorList{field.Forbidden(p.Child("initContainers"), why)}
	}
	return nil
}

// withoutChanges is s with those fields of old that an update may change; what
// then differs may not.
func withoutChanges(s, old *corev1.PodSpec) *corev1.PodSpec {
	w := s.DeepCopy()
	for i := range w.Containers {
		w.Containers[i].Image = old.Containers[i].Image
	}
	for i := range w.InitContainers {
		w.InitContainers[i].Image = old.InitContainers[i].Image
	}
	w.ActiveDeadlineSeconds, w.Tolerations, w.SchedulingGates = old.ActiveDeadlineSeconds, old.Tolerations, old.SchedulingGates
	if g, n := old.TerminationGracePeriodSeconds, s.TerminationGracePeriodSeconds; g != nil && *g < 0 && n != nil && *n == 1 {
		w.TerminationGracePeriodSeconds = g
	}
	if len(old.SchedulingGates) > 0 {
		w.NodeSelector = old.NodeSelector
		w.Affinity = withNodeAffinity(w.Affinity, nodeAffinity(old), old.Affinity == nil)
	}
	return w
}

// withNodeAffinity is a with n for nodes; nothing at all where there was
// nothing before and nothing else is asked for now.
func withNodeAffinity(a *corev1.Affinity, n *corev1.NodeAffinity, none bool) *corev1.Affinity {
	if a == nil {
		if n == nil {
			return nil
		}
		a = &corev1.Affinity{}
	}
	a.NodeAffinity = n
	if none && *a == (corev1.Affinity{}) {
		return nil
	}
	return a
}

func nodeAffinity(s *corev1.PodSpec) *corev1.NodeAffinity {
	if s.Affinity == nil {
		return nil
	}
	return s.Affinity.NodeAffinity
}

// validateNarrowing: who holds a pod back may say more of where it goes, and
// take back nothing.
func validateNarrowing(s, old *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for key, value := range old.NodeSelector {
		if got, ok := s.NodeSelector[key]; !ok || got != value {
			errs = append(errs, field.Invalid(p.Child("nodeSelector"), s.NodeSelector,
				"only additions to spec.nodeSelector are allowed (no mutations or deletions)"))
			break
		}
	}
	was, is := requiredTerms(nodeAffinity(old)), requiredTerms(nodeAffinity(s))
	tp := p.Child("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
	if len(was) > 0 && len(was) != len(is) {
		return append(errs, field.Invalid(tp, is, "no additions/deletions to non-empty NodeSelectorTerms list are allowed"))
	}
	for i := range was {
		if !addsTo(is[i], was[i]) {
			errs = append(errs, field.Invalid(tp.Index(i), is[i], "only additions are allowed (no mutations or deletions)"))
		}
	}
	return errs
}

func requiredTerms(a *corev1.NodeAffinity) []corev1.NodeSelectorTerm {
	if a == nil || a.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	return a.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
}

// addsTo says whether term asks for all that old asks for: the same first. An
// empty term matches nothing, and more would let it match.
func addsTo(term, old corev1.NodeSelectorTerm) bool {
	if len(old.MatchExpressions)+len(old.MatchFields) == 0 {
		return len(term.MatchExpressions)+len(term.MatchFields) == 0
	}
	return hasPrefix(term.MatchExpressions, old.MatchExpressions) && hasPrefix(term.MatchFields, old.MatchFields)
}

func hasPrefix(list, prefix []corev1.NodeSelectorRequirement) bool {
	return len(prefix) == 0 || len(list) >= len(prefix) && equality.Semantic.DeepEqual(list[:len(prefix)], prefix)
}

func validateDeadlineUpdate(s, old *corev1.PodSpec, p *field.Path) field.ErrorList {
	was, is := old.ActiveDeadlineSeconds, s.ActiveDeadlineSeconds
	switch {
	case is == nil && was != nil:
		return field.ErrorList{field.Invalid(p, is, "must not update from a positive integer to nil value")}
	case is != nil && (*is < 0 || *is > math.MaxInt32):
		return field.ErrorList{field.Invalid(p, *is, validation.InclusiveRangeError(0, math.MaxInt32))}
	case is != nil && was != nil && *is > *was:
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
	for i, g := range s.SchedulingGates {
		if !slices.Contains(old.SchedulingGates, g) {
			errs = append(errs, field.Forbidden(p.Index(i).Child("name"), fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", g.Name)))
		}
	}
	return errs
}

func validateEphemeralUpdate(o, old *corev1.Pod) field.ErrorList {
	if _, static := old.Annotations[corev1.MirrorPodAnnotationKey]; static {
		return field.ErrorList{field.Forbidden(field.NewPath(""), "static pods do not support ephemeral containers")}
	}
	p := field.NewPath("spec", "ephemeralContainers")
	errs := pod.Validate(o)
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
