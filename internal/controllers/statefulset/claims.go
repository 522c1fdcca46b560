package statefulset

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func claimName(set *appsv1.StatefulSet, template string, ordinal int) string {
	return fmt.Sprintf("%s-%s-%d", template, set.Name, ordinal)
}

// claimsOf are the claims that the pod of a number is to have.
func claimsOf(set *appsv1.StatefulSet, ordinal int) (out []*corev1.PersistentVolumeClaim) {
	for i := range set.Spec.VolumeClaimTemplates {
		c := set.Spec.VolumeClaimTemplates[i].DeepCopy()
		c.Name, c.Namespace = claimName(set, c.Name, ordinal), set.Namespace
		if set.Spec.Selector != nil {
			if c.Labels == nil {
				c.Labels = map[string]string{}
			}
			maps.Copy(c.Labels, set.Spec.Selector.MatchLabels)
		}
		c.Status = corev1.PersistentVolumeClaimStatus{}
		out = append(out, c)
	}
	return out
}

// own sets the owners of a claim as the retention policy says, and says
// whether that changed them: the set, where claims go with it; the pod, where
// they go when the set shrinks and this one is condemned.
func own(set *appsv1.StatefulSet, claim *corev1.PersistentVolumeClaim, pod *corev1.Pod, condemned bool) (changed bool) {
	withSet, withPod := false, false
	if p := set.Spec.PersistentVolumeClaimRetentionPolicy; p != nil {
		withSet = p.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
		withPod = p.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType && condemned
	}
	before := claim.OwnerReferences
	set1 := metav1.OwnerReference{APIVersion: kind.GroupVersion().String(), Kind: kind.Kind, Name: set.Name, UID: set.UID, Controller: new(true), BlockOwnerDeletion: new(true)}
	refs := keep(before, set1, withSet && !withPod)
	if pod != nil {
		pod1 := metav1.OwnerReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID, Controller: new(true), BlockOwnerDeletion: new(true)}
		refs = keep(refs, pod1, withPod)
	}
	if slices.EqualFunc(before, refs, func(a, b metav1.OwnerReference) bool { return a.UID == b.UID }) {
		return false
	}
	claim.OwnerReferences = refs
	return true
}

// keep returns refs with or without ref.
func keep(refs []metav1.OwnerReference, ref metav1.OwnerReference, want bool) []metav1.OwnerReference {
	out := slices.Clone(refs)
	i := slices.IndexFunc(out, func(r metav1.OwnerReference) bool { return r.UID == ref.UID })
	switch {
	case want && i < 0:
		out = append(out, ref)
	case !want && i >= 0:
		out = slices.Delete(out, i, i+1)
	}
	return out
}
