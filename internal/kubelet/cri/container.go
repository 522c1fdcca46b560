package cri

import (
	"fmt"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// ContainerOptions is what a container needs beyond its definition.
type ContainerOptions struct {
	Attempt       int
	ImageRef      string   // as the image service returned it
	ImageUser     *int64   // the image's user, if numeric
	ImageUserName string   // and if it is a name
	Command, Args []string // expanded
	Env           []*runtimeapi.KeyValue
	Mounts        []*runtimeapi.Mount
	VolumeGroups  []int64 // groups that volumes belong to
	Resources     *runtimeapi.LinuxContainerResources
	TargetID      string // the container whose processes an ephemeral one sees
	SeccompRoot   string
}

// Container returns the configuration of a run of a container.
func Container(pod *corev1.Pod, c *corev1.Container, o ContainerOptions) *runtimeapi.ContainerConfig {
	return &runtimeapi.ContainerConfig{
		Metadata:    &runtimeapi.ContainerMetadata{Name: c.Name, Attempt: uint32(o.Attempt)},
		Image:       &runtimeapi.ImageSpec{Image: o.ImageRef, UserSpecifiedImage: c.Image},
		Command:     o.Command,
		Args:        o.Args,
		WorkingDir:  c.WorkingDir,
		Envs:        o.Env,
		Mounts:      o.Mounts,
		Labels:      containerLabels(pod, c),
		Annotations: containerAnnotations(pod, c, o.Attempt),
		LogPath:     filepath.Join(c.Name, fmt.Sprintf("%d.log", o.Attempt)),
		Stdin:       c.Stdin,
		StdinOnce:   c.StdinOnce,
		Tty:         c.TTY,
		StopSignal:  stopSignal(c),
		Linux: &runtimeapi.LinuxContainerConfig{
			Resources:       o.Resources,
			SecurityContext: security(pod, c, o),
		},
	}
}

func stopSignal(c *corev1.Container) runtimeapi.Signal {
	if c.Lifecycle == nil || c.Lifecycle.StopSignal == nil {
		return runtimeapi.Signal_SIGNAL_RUNTIME_DEFAULT
	}
	return runtimeapi.Signal(runtimeapi.Signal_value["SIGNAL_"+string(*c.Lifecycle.StopSignal)])
}
