package kubelet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"google.golang.org/grpc/status"

	"skiff/internal/kubelet/cri"
	"skiff/internal/kubelet/env"
	"skiff/internal/kubelet/lifecycle"
)

// Why a container did not start, in the words that clients know.
const (
	createConfigError = "CreateContainerConfigError"
	createError       = "CreateContainerError"
	runError          = "RunContainerError"
	postStartError    = "PostStartHookError"
)

// startContainer creates a run of a container, or takes up the created one,
// starts it and calls its postStart hook.
func (k *kubelet) startContainer(ctx context.Context, pod *corev1.Pod, volumes map[string]string, a lifecycle.Action) lifecycle.Result {
	c := containerOf(pod, a.Container)
	id := a.ID
	if id == "" {
		created, failure := k.createContainer(ctx, pod, c, volumes, a)
		if failure != nil {
			return lifecycle.Result{Failure: failure}
		}
		id = created
	}
	if err := k.launch(ctx, id); err != nil {
		k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "Failed", "Error: %s", desc(err))
		return failed(runError, err)
	}
	k.containerEvent(pod, c.Name, corev1.EventTypeNormal, "Started", "Container started")
	return k.postStart(ctx, pod, c, id)
}

func failed(reason string, err error) lifecycle.Result {
	return lifecycle.Result{Failure: &lifecycle.Failure{Reason: reason, Message: desc(err)}}
}

// desc is an error without the dress of gRPC.
func desc(err error) string { return status.Convert(err).Message() }

func (k *kubelet) launch(ctx context.Context, id string) error {
	release, ok := acquire(ctx, k.limits.starts)
	if !ok {
		return ctx.Err()
	}
	defer release()
	_, err := k.runtime.StartContainer(ctx, &runtimeapi.StartContainerRequest{ContainerId: id})
	return err
}

func (k *kubelet) createContainer(ctx context.Context, pod *corev1.Pod, c *corev1.Container, volumes map[string]string, a lifecycle.Action) (string, *lifecycle.Failure) {
	config, err := k.containerConfig(ctx, pod, c, volumes, a)
	if err != nil {
		k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "Failed", "Error: %s", desc(err))
		return "", failed(createConfigError, err).Failure
	}
	made, err := k.runtime.CreateContainer(ctx, &runtimeapi.CreateContainerRequest{
		PodSandboxId: a.SandboxID, Config: config, SandboxConfig: k.sandboxOf(pod)})
	if err != nil {
		k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "Failed", "Error: %s", desc(err))
		return "", failed(createError, err).Failure
	}
	k.containerEvent(pod, c.Name, corev1.EventTypeNormal, "Created", "Container created")
	return made.ContainerId, nil
}

// containerConfig gathers all that a run of a container is made from.
func (k *kubelet) containerConfig(ctx context.Context, pod *corev1.Pod, c *corev1.Container, volumes map[string]string, a lifecycle.Action) (*runtimeapi.ContainerConfig, error) {
	image, err := k.imageStatus(ctx, c.Image)
	if err != nil {
		return nil, err
	}
	if image == nil {
		return nil, fmt.Errorf("image %q is no longer on this node", c.Image)
	}
	if err := cri.VerifyNonRoot(pod, c, imageUser(image), image.Username); err != nil {
		return nil, err
	}
	vars, err := k.environment(ctx).Make(ctx, pod, c)
	if err != nil {
		return nil, err
	}
	mounts, err := k.mounts(pod, c, volumes, vars, a.Attempt)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(k.logDir(pod), c.Name), 0o755); err != nil {
		return nil, err
	}
	return cri.Container(pod, c, cri.ContainerOptions{
		Attempt:     a.Attempt,
		ImageRef:    image.Id,
		Command:     vars.ExpandAll(c.Command),
		Args:        vars.ExpandAll(c.Args),
		Env:         vars.KeyValues(),
		Mounts:      mounts,
		Resources:   cri.Resources(pod, c, k.machine.Memory),
		TargetID:    a.TargetID,
		SeccompRoot: k.seccompDir(),
	}), nil
}

func imageUser(image *runtimeapi.Image) *int64 {
	if image.Uid == nil {
		return nil
	}
	return &image.Uid.Value
}

// environment makes variables from what is known by now.
func (k *kubelet) environment(ctx context.Context) env.Maker {
	return env.Maker{
		Objects:     k.sources,
		Allocatable: k.machine.Allocatable(k.MaxPods),
		Services: func(namespace string, links bool) map[string]string {
			k.mu.Lock()
			lister, synced := k.services, k.synced
			k.mu.Unlock()
			if lister == nil || !synced(ctx) {
				return nil
			}
			all, _ := lister.List(labels.Everything())
			return env.Services(all, namespace, links)
		},
	}
}
