package pod

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MergeMatchLabelKeys writes what matchLabelKeys and mismatchLabelKeys mean for
// a pod with these labels into the label selectors beside them, so that
// schedulers need to look at the selectors only.
func MergeMatchLabelKeys(s *corev1.PodSpec, labels map[string]string) {
	if a := s.Affinity; a != nil {
		if a.PodAffinity != nil {
			mergeTerms(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution, labels)
		}
		if a.PodAntiAffinity != nil {
			mergeTerms(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution, labels)
		}
	}
	for i := range s.TopologySpreadConstraints {
		c := &s.TopologySpreadConstraints[i]
		mergeKeys(c.LabelSelector, metav1.LabelSelectorOpIn, c.MatchLabelKeys, labels)
	}
}

func mergeTerms(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm, labels map[string]string) {
	merge := func(t *corev1.PodAffinityTerm) {
		mergeKeys(t.LabelSelector, metav1.LabelSelectorOpIn, t.MatchLabelKeys, labels)
		mergeKeys(t.LabelSelector, metav1.LabelSelectorOpNotIn, t.MismatchLabelKeys, labels)
	}
	for i := range required {
		merge(&required[i])
	}
	for i := range preferred {
		merge(&preferred[i].PodAffinityTerm)
	}
}

func mergeKeys(s *metav1.LabelSelector, op metav1.LabelSelectorOperator, keys []string, labels map[string]string) {
	if s == nil {
		return
	}
	for _, key := range keys {
		value, ok := labels[key]
		if !ok {
			continue
		}
		// A pod that was read and is created again has them already.
		there := slices.ContainsFunc(s.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
			return r.Key == key && r.Operator == op && slices.Equal(r.Values, []string{value})
		})
		if !there {
			s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: []string{value}})
		}
	}
}
