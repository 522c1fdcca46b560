package kubelet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/env"
	"skiff/internal/kubelet/hostfile"
)

const hostsPath = "/etc/hosts"

// mounts are what is mounted into a run of a container: its volumes, its hosts
// file and the file for its last message.
func (k *kubelet) mounts(pod *corev1.Pod, c *corev1.Container, volumes map[string]string, vars *env.Vars, attempt int) ([]*runtimeapi.Mount, error) {
	var out []*runtimeapi.Mount
	ownHosts := false
	for i := range c.VolumeMounts {
		m, err := k.volumeMount(pod, c, i, volumes, vars)
		if err != nil {
			return nil, err
		}
		ownHosts = ownHosts || m.ContainerPath == hostsPath
		out = append(out, m)
	}
	if !ownHosts {
		m, err := k.hostsMount(pod)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	if c.TerminationMessagePath != "" {
		m, err := k.messageMount(pod, c, attempt)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (k *kubelet) volumeMount(pod *corev1.Pod, c *corev1.Container, index int, volumes map[string]string, vars *env.Vars) (*runtimeapi.Mount, error) {
	m := c.VolumeMounts[index]
	path, ok := volumes[m.Name]
	if !ok {
		return nil, fmt.Errorf("volume %q of container %q is not set up", m.Name, c.Name)
	}
	sub := m.SubPath
	if m.SubPathExpr != "" {
		sub = env.Expand(m.SubPathExpr, vars.Lookup)
	}
	if sub != "" {
		var err error
		if path, err = k.volumes.SubPath(pod.UID, m.Name, path, c.Name, index, sub); err != nil {
			return nil, err
		}
	}
	target := m.MountPath
	if !filepath.IsAbs(target) {
		target = filepath.Join("/", target)
	}
	return &runtimeapi.Mount{
		ContainerPath:     target,
		HostPath:          path,
		Readonly:          m.ReadOnly,
		RecursiveReadOnly: m.ReadOnly && m.RecursiveReadOnly != nil && *m.RecursiveReadOnly == corev1.RecursiveReadOnlyEnabled,
		Propagation:       propagation(m.MountPropagation),
	}, nil
}

func propagation(mode *corev1.MountPropagationMode) runtimeapi.MountPropagation {
	switch {
	case mode == nil:
	case *mode == corev1.MountPropagationHostToContainer:
		return runtimeapi.MountPropagation_PROPAGATION_HOST_TO_CONTAINER
	case *mode == corev1.MountPropagationBidirectional:
		return runtimeapi.MountPropagation_PROPAGATION_BIDIRECTIONAL
	}
	return runtimeapi.MountPropagation_PROPAGATION_PRIVATE
}

// hostsMount writes the pod's hosts file anew, in place: containers that run
// keep seeing it.
func (k *kubelet) hostsMount(pod *corev1.Pod) (*runtimeapi.Mount, error) {
	var ips []string
	for _, ip := range pod.Status.PodIPs {
		ips = append(ips, ip.IP)
	}
	own := ""
	if pod.Spec.HostNetwork {
		b, err := os.ReadFile(hostsPath)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		own = string(b)
	}
	file := filepath.Join(k.podDir(pod.UID), "etc-hosts")
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, []byte(hostfile.Hosts(pod, ips, k.ClusterDomain, own)), 0o644); err != nil {
		return nil, err
	}
	return &runtimeapi.Mount{ContainerPath: hostsPath, HostPath: file}, nil
}

// messageMount makes the empty file in which a run may leave a message when it
// ends. The process may run as anyone.
func (k *kubelet) messageMount(pod *corev1.Pod, c *corev1.Container, attempt int) (*runtimeapi.Mount, error) {
	file := filepath.Join(k.podDir(pod.UID), "containers", c.Name, strconv.Itoa(attempt))
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		return nil, err
	}
	if err := os.Chmod(file, 0o666); err != nil { // whatever the umask
		return nil, err
	}
	return &runtimeapi.Mount{ContainerPath: c.TerminationMessagePath, HostPath: file}, nil
}
