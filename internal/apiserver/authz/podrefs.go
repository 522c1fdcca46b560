package authz

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/pod"
)

// refersTo says whether a pod needs the object of that resource ("secrets",
// "configmaps", "persistentvolumeclaims", "serviceaccounts", "resourceclaims")
// and name in its own namespace.
func refersTo(pod *corev1.Pod, resource, name string) bool {
	switch resource {
	case "serviceaccounts":
		return pod.Spec.ServiceAccountName == name
	case "secrets":
		return refersToSecret(pod, name)
	case "configmaps":
		return refersToConfigMap(pod, name)
	case "persistentvolumeclaims":
		return refersToClaim(pod, name)
	case "resourceclaims":
		return refersToResourceClaim(pod, name)
	}
	return false
}

func refersToSecret(p *corev1.Pod, name string) bool {
	for secret := range pod.Secrets(&p.Spec) {
		if secret == name {
			return true
		}
	}
	return false
}

func refersToConfigMap(pod *corev1.Pod, name string) bool {
	for _, v := range pod.Spec.Volumes {
		if v.ConfigMap != nil && v.ConfigMap.Name == name {
			return true
		}
		if v.Projected == nil {
			continue
		}
		for _, s := range v.Projected.Sources {
			if s.ConfigMap != nil && s.ConfigMap.Name == name {
				return true
			}
		}
	}
	return anyEnv(pod, func(e *corev1.EnvVarSource) bool {
		return e.ConfigMapKeyRef != nil && e.ConfigMapKeyRef.Name == name
	}, func(e *corev1.EnvFromSource) bool {
		return e.ConfigMapRef != nil && e.ConfigMapRef.Name == name
	})
}

func refersToClaim(pod *corev1.Pod, name string) bool {
	for _, v := range pod.Spec.Volumes {
		if v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == name {
			return true
		}
		// The claim of a generic ephemeral volume is named after pod and volume.
		if v.Ephemeral != nil && pod.Name+"-"+v.Name == name {
			return true
		}
	}
	return false
}

func refersToResourceClaim(pod *corev1.Pod, name string) bool {
	for _, c := range pod.Spec.ResourceClaims {
		if c.ResourceClaimName != nil && *c.ResourceClaimName == name {
			return true
		}
	}
	for _, s := range pod.Status.ResourceClaimStatuses {
		if s.ResourceClaimName != nil && *s.ResourceClaimName == name {
			return true
		}
	}
	return false
}

// anyEnv says whether a variable of any of the pod's containers fits.
func anyEnv(pod *corev1.Pod, one func(*corev1.EnvVarSource) bool, from func(*corev1.EnvFromSource) bool) bool {
	fits := func(env []corev1.EnvVar, envFrom []corev1.EnvFromSource) bool {
		for i := range env {
			if env[i].ValueFrom != nil && one(env[i].ValueFrom) {
				return true
			}
		}
		for i := range envFrom {
			if from(&envFrom[i]) {
				return true
			}
		}
		return false
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if fits(list[i].Env, list[i].EnvFrom) {
				return true
			}
		}
	}
	for i := range pod.Spec.EphemeralContainers {
		if fits(pod.Spec.EphemeralContainers[i].Env, pod.Spec.EphemeralContainers[i].EnvFrom) {
			return true
		}
	}
	return false
}
