package core

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// classAnnotationWarnings remarks on the annotation that named a storage class
// before there was a field for it.
func classAnnotationWarnings(annotations map[string]string) []string {
	if _, ok := annotations[corev1.BetaStorageClassAnnotation]; !ok {
		return nil
	}
	return []string{fmt.Sprintf("metadata.annotations[%s]: deprecated since v1.8; use %q attribute instead", corev1.BetaStorageClassAnnotation, "storageClassName")}
}

// elderLabels are labels of nodes that have other names now, and since when.
var elderLabels = map[string]struct{ since, now string }{
	"beta.kubernetes.io/arch":           {"v1.14", corev1.LabelArchStable},
	"beta.kubernetes.io/os":             {"v1.14", corev1.LabelOSStable},
	corev1.LabelFailureDomainBetaRegion: {"v1.17", corev1.LabelTopologyRegion},
	corev1.LabelFailureDomainBetaZone:   {"v1.17", corev1.LabelTopologyZone},
	corev1.LabelInstanceType:            {"v1.17", corev1.LabelInstanceTypeStable},
}

func volumeWarnings(o *corev1.PersistentVolume) []string {
	out := classAnnotationWarnings(o.Annotations)
	s := &o.Spec
	if s.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRecycle {
		out = append(out, "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.")
	}
	if a := s.NodeAffinity; a != nil && a.Required != nil {
		out = append(out, elderLabelWarnings(a.Required.NodeSelectorTerms)...)
	}
	for _, source := range []struct {
		name, since, until string
		set                bool
	}{
		{"cephfs", "v1.28", "v1.31+", s.CephFS != nil}, {"photonPersistentDisk", "v1.11", "v1.16+", s.PhotonPersistentDisk != nil},
		{"scaleIO", "v1.16", "v1.22+", s.ScaleIO != nil}, {"storageOS", "v1.22", "v1.25+", s.StorageOS != nil},
		{"glusterfs", "v1.25", "v1.26+", s.Glusterfs != nil}, {"rbd", "v1.28", "v1.31+", s.RBD != nil},
	} {
		if source.set {
			out = append(out, fmt.Sprintf("spec.%s: deprecated in %s, non-functional in %s", source.name, source.since, source.until))
		}
	}
	return out
}

func elderLabelWarnings(terms []corev1.NodeSelectorTerm) []string {
	var out []string
	p := field.NewPath("spec", "nodeAffinity", "required", "nodeSelectorTerms")
	for i, t := range terms {
		for j, e := range t.MatchExpressions {
			if elder, ok := elderLabels[e.Key]; ok {
				out = append(out, fmt.Sprintf("%s: %s is deprecated since %s; use %q instead",
					p.Index(i).Child("matchExpressions").Index(j).Child("key"), e.Key, elder.since, elder.now))
			}
		}
	}
	return out
}
