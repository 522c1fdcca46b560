package pod

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// nodeWarnings remark on labels of nodes that a pod asks for and that have been
// replaced.
func nodeWarnings(s *corev1.PodSpec, p *field.Path) []string {
	var out []string
	for _, label := range sortedKeys(s.NodeSelector) {
		out = append(out, meta.NodeLabelWarnings(p.Child("nodeSelector").Key(label), label)...)
	}
	if s.Affinity == nil || s.Affinity.NodeAffinity == nil {
		return out
	}
	a, p := s.Affinity.NodeAffinity, p.Child("affinity", "nodeAffinity")
	out = append(out, NodeSelectorWarnings(a.RequiredDuringSchedulingIgnoredDuringExecution, p.Child("requiredDuringSchedulingIgnoredDuringExecution"))...)
	for i := range a.PreferredDuringSchedulingIgnoredDuringExecution {
		out = append(out, nodeTermWarnings(&a.PreferredDuringSchedulingIgnoredDuringExecution[i].Preference, true,
			p.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("preference"))...)
	}
	return out
}

// NodeSelectorWarnings remarks on labels in a NodeSelector that have been
// replaced.
func NodeSelectorWarnings(s *corev1.NodeSelector, p *field.Path) []string {
	if s == nil {
		return nil
	}
	var out []string
	for i := range s.NodeSelectorTerms {
		out = append(out, nodeTermWarnings(&s.NodeSelectorTerms[i], false, p.Child("nodeSelectorTerms").Index(i))...)
	}
	return out
}

// nodeTermWarnings: where no value is refused, those that no label can have are
// remarked on.
func nodeTermWarnings(t *corev1.NodeSelectorTerm, anyValue bool, p *field.Path) []string {
	var out []string
	for i, r := range t.MatchExpressions {
		ep := p.Child("matchExpressions").Index(i)
		out = append(out, meta.NodeLabelValueWarnings(ep.Child("key"), r.Key)...)
		if !anyValue {
			continue
		}
		for j, value := range r.Values {
			for _, why := range validation.IsValidLabelValue(value) {
				out = append(out, fmt.Sprintf("%s: %s is invalid, %s", ep.Child("values").Index(j), value, why))
			}
		}
	}
	return out
}
