package cri

import (
	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/cgroup"
)

// Adjustments of a process's OOM score, by quality of service: guaranteed
// containers go last, best-effort ones first.
const (
	oomGuaranteed = -997
	oomBestEffort = 1000
)

// Resources are a container's resources as the kernel counts them.
func Resources(pod *corev1.Pod, c *corev1.Container, nodeMemory int64) *runtimeapi.LinuxContainerResources {
	r := cgroup.FromRequirements(c.Resources)
	return &runtimeapi.LinuxContainerResources{
		CpuPeriod:          r.CPUPeriod,
		CpuQuota:           r.CPUQuota,
		CpuShares:          r.CPUShares,
		MemoryLimitInBytes: r.Memory,
		OomScoreAdj:        oomScore(pod, c, nodeMemory),
	}
}

// oomScore makes a container that uses more memory than it asked for die
// before those that use less.
func oomScore(pod *corev1.Pod, c *corev1.Container, nodeMemory int64) int64 {
	switch pod.Status.QOSClass {
	case corev1.PodQOSGuaranteed:
		return oomGuaranteed
	case corev1.PodQOSBestEffort:
		return oomBestEffort
	}
	request := c.Resources.Requests.Memory().Value()
	if nodeMemory <= 0 {
		return oomBestEffort - 1
	}
	return min(max(1000-1000*request/nodeMemory, 1000+oomGuaranteed), oomBestEffort-1)
}
