package pod

import (
	corev1 "k8s.io/api/core/v1"
)

// QOS is the quality of service class of a pod with this spec: Guaranteed when
// CPU and memory are limited everywhere and requests equal limits, BestEffort
// when nothing is asked for, Burstable in between. Only CPU and memory count.
func QOS(s *corev1.PodSpec) corev1.PodQOSClass {
	if s.Resources != nil && (len(s.Resources.Requests) > 0 || len(s.Resources.Limits) > 0) {
		return qos([]corev1.ResourceRequirements{*s.Resources})
	}
	var all []corev1.ResourceRequirements
	EachContainer(s, func(c *corev1.Container, t ContainerType) {
		if t != EphemeralContainers {
			all = append(all, c.Resources)
		}
	})
	return qos(all)
}

func qos(all []corev1.ResourceRequirements) corev1.PodQOSClass {
	guaranteed, asked := true, false
	for _, r := range all {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := r.Requests[name], r.Limits[name]
			if !request.IsZero() || !limit.IsZero() {
				asked = true
			}
			if limit.IsZero() || (!request.IsZero() && request.Cmp(limit) != 0) {
				guaranteed = false
			}
		}
	}
	switch {
	case !asked:
		return corev1.PodQOSBestEffort
	case guaranteed:
		return corev1.PodQOSGuaranteed
	}
	return corev1.PodQOSBurstable
}
