// Package cgroup keeps the control groups of pods: one a pod, below one for
// each quality of service, on cgroup v1, v2 and hosts that mix them. The
// containers' own groups are the runtime's, inside these.
//
// It owns everything below the root group it is given, and nothing outside.
package cgroup

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"
)

const (
	period     = 100_000 // µs
	minQuota   = 1_000   // µs; the kernel takes no less
	minShares  = 2
	maxShares  = 262_144
	sharesACPU = 1024
)

// Resources are limits in the kernel's units; zero means none.
type Resources struct {
	CPUShares int64 // v1's scale: 1024 a CPU
	CPUQuota  int64 // µs in each CPUPeriod
	CPUPeriod int64 // µs
	Memory    int64 // bytes
}

// FromRequirements turns the requests and limits of one container, or of a
// pod, into limits.
func FromRequirements(r corev1.ResourceRequirements) Resources {
	request, ok := r.Requests[corev1.ResourceCPU]
	limit, limited := r.Limits[corev1.ResourceCPU]
	if !ok && limited {
		request = limit
	}
	out := Resources{CPUShares: Shares(request), Memory: r.Limits.Memory().Value()}
	if limited && !limit.IsZero() {
		out.CPUPeriod = period
		out.CPUQuota = max(limit.MilliValue()*period/1000, minQuota)
	}
	return out
}

// Shares are the CPU shares of a request.
func Shares(cpu resource.Quantity) int64 {
	return min(max(cpu.MilliValue()*sharesACPU/1000, minShares), maxShares)
}

// ForPod are the limits of a whole pod: a limit only where the pod, or each
// of its containers, has one.
func ForPod(pod *corev1.Pod) Resources {
	options := resourcehelper.PodResourcesOptions{}
	limits := resourcehelper.PodLimits(pod, options)
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if !limited(pod, name) {
			delete(limits, name)
		}
	}
	return FromRequirements(corev1.ResourceRequirements{Requests: resourcehelper.PodRequests(pod, options), Limits: limits})
}

func limited(pod *corev1.Pod, name corev1.ResourceName) bool {
	if pod.Spec.Resources != nil {
		if q, ok := pod.Spec.Resources.Limits[name]; ok && !q.IsZero() {
			return true
		}
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if q, ok := list[i].Resources.Limits[name]; !ok || q.IsZero() {
				return false
			}
		}
	}
	return true
}
