package kubelet

import (
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/cgroup"
	"skiff/internal/kubelet/cri"
	"skiff/internal/kubelet/hostfile"
)

// sandboxConfig prepares what a sandbox stands on, its control group and its
// log directory, and returns its configuration.
func (k *kubelet) sandboxConfig(pod *corev1.Pod, attempt int) (*runtimeapi.PodSandboxConfig, error) {
	hostname, err := hostfile.KernelHostname(pod, k.ClusterDomain)
	if err != nil {
		return nil, err
	}
	if pod.Spec.HostNetwork {
		hostname = "" // the host's own
	}
	limits := cgroup.ForPod(pod)
	path := k.cgroups.PodPath(pod)
	if err := k.cgroups.Create(path, limits); err != nil {
		return nil, err
	}
	logs := k.logDir(pod)
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, err
	}
	return cri.Sandbox(pod, k.sandboxOptions(pod, attempt, hostname, limits)), nil
}

func (k *kubelet) sandboxOptions(pod *corev1.Pod, attempt int, hostname string, limits cgroup.Resources) cri.SandboxOptions {
	return cri.SandboxOptions{
		Attempt:      uint32(attempt),
		Hostname:     hostname,
		LogDir:       k.logDir(pod),
		DNS:          k.dns.For(pod),
		CgroupParent: k.cgroups.PodPath(pod),
		Resources: &runtimeapi.LinuxContainerResources{CpuPeriod: limits.CPUPeriod, CpuQuota: limits.CPUQuota,
			CpuShares: limits.CPUShares, MemoryLimitInBytes: limits.Memory},
		SeccompRoot: k.seccompDir(),
	}
}

// seccompDir is where Localhost seccomp profiles are.
func (k *kubelet) seccompDir() string { return filepath.Join(k.DataDir, "seccomp") }

// sandboxOf is the configuration of the sandbox that a pod runs in, as the
// runtime wants it again with each container.
func (k *kubelet) sandboxOf(pod *corev1.Pod) *runtimeapi.PodSandboxConfig {
	hostname, _ := hostfile.KernelHostname(pod, k.ClusterDomain)
	if pod.Spec.HostNetwork {
		hostname = ""
	}
	return cri.Sandbox(pod, k.sandboxOptions(pod, 0, hostname, cgroup.ForPod(pod)))
}
