package quota

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
	"skiff/internal/api/pod"
)

// Scopes are all that narrow a quota: those by name, as requirements that they
// exist, and those with an expression.
func Scopes(s *corev1.ResourceQuotaSpec) []corev1.ScopedResourceSelectorRequirement {
	var all []corev1.ScopedResourceSelectorRequirement
	for _, name := range s.Scopes {
		all = append(all, corev1.ScopedResourceSelectorRequirement{ScopeName: name, Operator: corev1.ScopeSelectorOpExists})
	}
	if s.ScopeSelector != nil {
		all = append(all, s.ScopeSelector.MatchExpressions...)
	}
	return all
}

// inScopes: what knows no scopes lies in none, so a quota with scopes does not
// count it.
func inScopes(q *corev1.ResourceQuota, obj api.Object) bool {
	for _, s := range Scopes(&q.Spec) {
		if !inScope(s, obj) {
			return false
		}
	}
	return true
}

func inScope(s corev1.ScopedResourceSelectorRequirement, obj api.Object) bool {
	switch o := obj.(type) {
	case *corev1.Pod:
		return podIn(s, o)
	case *corev1.PersistentVolumeClaim:
		return s.ScopeName == corev1.ResourceQuotaScopeVolumeAttributesClass && matches(s, attributesOf(o)...)
	}
	return false
}

func podIn(s corev1.ScopedResourceSelectorRequirement, p *corev1.Pod) bool {
	limited := p.Spec.ActiveDeadlineSeconds != nil && *p.Spec.ActiveDeadlineSeconds >= 0
	switch s.ScopeName {
	case corev1.ResourceQuotaScopeTerminating:
		return limited
	case corev1.ResourceQuotaScopeNotTerminating:
		return !limited
	case corev1.ResourceQuotaScopeBestEffort:
		return pod.QOS(&p.Spec) == corev1.PodQOSBestEffort
	case corev1.ResourceQuotaScopeNotBestEffort:
		return pod.QOS(&p.Spec) != corev1.PodQOSBestEffort
	case corev1.ResourceQuotaScopePriorityClass:
		if name := p.Spec.PriorityClassName; name != "" {
			return matches(s, name)
		}
		return matches(s)
	case corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return crossesNamespaces(p.Spec.Affinity)
	}
	return false
}

// attributesOf are the attribute classes that a claim has or is to have.
func attributesOf(c *corev1.PersistentVolumeClaim) (names []string) {
	for _, name := range []*string{c.Spec.VolumeAttributesClassName, c.Status.CurrentVolumeAttributesClassName} {
		if name != nil && *name != "" {
			names = append(names, *name)
		}
	}
	if m := c.Status.ModifyVolumeStatus; m != nil && m.TargetVolumeAttributesClassName != "" {
		names = append(names, m.TargetVolumeAttributesClassName)
	}
	return names
}

// matches compares what an object has of a scope, if anything, with what the
// requirement says.
func matches(s corev1.ScopedResourceSelectorRequirement, has ...string) bool {
	named := func(name string) bool { return slices.Contains(s.Values, name) }
	switch s.Operator {
	case corev1.ScopeSelectorOpExists:
		return len(has) > 0
	case corev1.ScopeSelectorOpDoesNotExist:
		return len(has) == 0
	case corev1.ScopeSelectorOpIn:
		return slices.ContainsFunc(has, named)
	case corev1.ScopeSelectorOpNotIn:
		return !slices.ContainsFunc(has, named)
	}
	return false
}

func crossesNamespaces(a *corev1.Affinity) bool {
	if a == nil {
		return false
	}
	var terms []corev1.PodAffinityTerm
	add := func(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
		terms = append(terms, required...)
		for _, w := range preferred {
			terms = append(terms, w.PodAffinityTerm)
		}
	}
	if p := a.PodAffinity; p != nil {
		add(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if p := a.PodAntiAffinity; p != nil {
		add(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	return slices.ContainsFunc(terms, func(t corev1.PodAffinityTerm) bool {
		return len(t.Namespaces) > 0 || t.NamespaceSelector != nil
	})
}
