package pod

import (
	"iter"

	corev1 "k8s.io/api/core/v1"
)

// Secrets are the names of all secrets that a pod needs of its own namespace:
// those that its images are pulled with, and those of its volumes and of its
// containers' variables.
func Secrets(s *corev1.PodSpec) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, ref := range s.ImagePullSecrets {
			if !yield(ref.Name) {
				return
			}
		}
		for i := range s.Volumes {
			for _, name := range volumeSecrets(&s.Volumes[i].VolumeSource) {
				if !yield(name) {
					return
				}
			}
		}
		more := true
		EachContainer(s, func(c *corev1.Container, _ ContainerType) {
			for name := range ContainerSecrets(c) {
				more = more && yield(name)
			}
		})
	}
}

// ContainerSecrets are the names of the secrets that a container's variables
// come from, each with the name of the variable, or "" for all keys of a secret.
func ContainerSecrets(c *corev1.Container) iter.Seq2[string, string] {
	return func(yield func(secret, variable string) bool) {
		for _, e := range c.Env {
			if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil && !yield(e.ValueFrom.SecretKeyRef.Name, e.Name) {
				return
			}
		}
		for _, e := range c.EnvFrom {
			if e.SecretRef != nil && !yield(e.SecretRef.Name, "") {
				return
			}
		}
	}
}

func volumeSecrets(v *corev1.VolumeSource) (names []string) {
	switch {
	case v.Secret != nil:
		return []string{v.Secret.SecretName}
	case v.AzureFile != nil:
		return []string{v.AzureFile.SecretName}
	case v.Projected != nil:
		for _, s := range v.Projected.Sources {
			if s.Secret != nil {
				names = append(names, s.Secret.Name)
			}
		}
	default:
		if ref := volumeSecretRef(v); ref != nil {
			return []string{ref.Name}
		}
	}
	return names
}

func volumeSecretRef(v *corev1.VolumeSource) *corev1.LocalObjectReference {
	switch {
	case v.CSI != nil:
		return v.CSI.NodePublishSecretRef
	case v.CephFS != nil:
		return v.CephFS.SecretRef
	case v.Cinder != nil:
		return v.Cinder.SecretRef
	case v.FlexVolume != nil:
		return v.FlexVolume.SecretRef
	case v.RBD != nil:
		return v.RBD.SecretRef
	case v.ScaleIO != nil:
		return v.ScaleIO.SecretRef
	case v.ISCSI != nil:
		return v.ISCSI.SecretRef
	case v.StorageOS != nil:
		return v.StorageOS.SecretRef
	}
	return nil
}
