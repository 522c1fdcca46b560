package cri

import (
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// SandboxOptions is what a sandbox needs beyond the pod.
type SandboxOptions struct {
	Attempt      uint32
	Hostname     string
	LogDir       string // of the pod
	DNS          *runtimeapi.DNSConfig
	CgroupParent string // of the pod
	Resources    *runtimeapi.LinuxContainerResources
	Overhead     *runtimeapi.LinuxContainerResources
	SeccompRoot  string // directory of Localhost profiles
}

// Sandbox returns the configuration of a pod's sandbox.
func Sandbox(pod *corev1.Pod, o SandboxOptions) *runtimeapi.PodSandboxConfig {
	return &runtimeapi.PodSandboxConfig{
		Metadata: &runtimeapi.PodSandboxMetadata{
			Name: pod.Name, Namespace: pod.Namespace, Uid: string(pod.UID), Attempt: o.Attempt,
		},
		Hostname:     o.Hostname,
		LogDirectory: o.LogDir,
		DnsConfig:    o.DNS,
		PortMappings: portMappings(pod),
		Labels:       sandboxLabels(pod),
		Annotations:  pod.Annotations,
		Linux: &runtimeapi.LinuxPodSandboxConfig{
			CgroupParent:    o.CgroupParent,
			SecurityContext: sandboxSecurity(pod, o.SeccompRoot),
			Sysctls:         sysctls(pod),
			Overhead:        o.Overhead,
			Resources:       o.Resources,
		},
	}
}

// LogDir is where the logs of a pod's containers are, below root.
func LogDir(root string, pod *corev1.Pod) string {
	return filepath.Join(root, pod.Namespace+"_"+pod.Name+"_"+string(pod.UID))
}

// portMappings maps host ports; in the host's network there is nothing to map.
func portMappings(pod *corev1.Pod) []*runtimeapi.PortMapping {
	if pod.Spec.HostNetwork {
		return nil
	}
	var out []*runtimeapi.PortMapping
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range list {
			for _, p := range c.Ports {
				if p.HostPort > 0 {
					out = append(out, &runtimeapi.PortMapping{
						Protocol: protocol(p.Protocol), ContainerPort: p.ContainerPort, HostPort: p.HostPort, HostIp: p.HostIP})
				}
			}
		}
	}
	return out
}

func protocol(p corev1.Protocol) runtimeapi.Protocol {
	switch p {
	case corev1.ProtocolUDP:
		return runtimeapi.Protocol_UDP
	case corev1.ProtocolSCTP:
		return runtimeapi.Protocol_SCTP
	}
	return runtimeapi.Protocol_TCP
}

func sysctls(pod *corev1.Pod) map[string]string {
	if pod.Spec.SecurityContext == nil || len(pod.Spec.SecurityContext.Sysctls) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, s := range pod.Spec.SecurityContext.Sysctls {
		out[s.Name] = s.Value
	}
	return out
}

// namespaces are a pod's namespace modes; pid is that of the process
// namespace, in which sandbox and containers differ.
func namespaces(pod *corev1.Pod, pid runtimeapi.NamespaceMode) *runtimeapi.NamespaceOption {
	o := &runtimeapi.NamespaceOption{Pid: pid}
	if pod.Spec.HostNetwork {
		o.Network = runtimeapi.NamespaceMode_NODE
	}
	if pod.Spec.HostIPC {
		o.Ipc = runtimeapi.NamespaceMode_NODE
	}
	if pod.Spec.HostPID {
		o.Pid = runtimeapi.NamespaceMode_NODE
	} else if share := pod.Spec.ShareProcessNamespace; share != nil && *share {
		o.Pid = runtimeapi.NamespaceMode_POD
	}
	return o
}

func sandboxSecurity(pod *corev1.Pod, seccompRoot string) *runtimeapi.LinuxSandboxSecurityContext {
	s := &runtimeapi.LinuxSandboxSecurityContext{
		NamespaceOptions: namespaces(pod, runtimeapi.NamespaceMode_CONTAINER),
		Privileged:       hasPrivileged(pod),
		Seccomp:          &runtimeapi.SecurityProfile{ProfileType: runtimeapi.SecurityProfile_RuntimeDefault},
	}
	p := pod.Spec.SecurityContext
	if p == nil {
		return s
	}
	s.RunAsUser, s.RunAsGroup = int64Value(p.RunAsUser), int64Value(p.RunAsGroup)
	if s.RunAsUser == nil {
		s.RunAsGroup = nil // the runtime refuses a group without a user
	}
	s.SupplementalGroups = groups(pod)
	s.SupplementalGroupsPolicy = groupsPolicy(p)
	s.SelinuxOptions = selinux(p.SELinuxOptions)
	if p.SeccompProfile != nil {
		s.Seccomp = seccomp(p.SeccompProfile, seccompRoot)
	}
	return s
}

func hasPrivileged(pod *corev1.Pod) bool {
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range list {
			if c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged {
				return true
			}
		}
	}
	return false
}
