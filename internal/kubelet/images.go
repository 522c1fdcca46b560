package kubelet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/image"
	"skiff/internal/kubelet/lifecycle"
)

// pullImage makes the image of a container be there, by the container's pull
// policy.
func (k *kubelet) pullImage(ctx context.Context, pod *corev1.Pod, container string) lifecycle.Result {
	c := containerOf(pod, container)
	if _, err := reference.ParseNormalizedNamed(c.Image); err != nil {
		return k.pullFailed(pod, c, "InvalidImageName", fmt.Sprintf(
			"Failed to apply default image tag %q: couldn't parse image name %q: %v", c.Image, c.Image, err))
	}
	if c.ImagePullPolicy != corev1.PullAlways {
		if present, err := k.imageStatus(ctx, c.Image); err != nil {
			return k.pullFailed(pod, c, "ImageInspectError", fmt.Sprintf("Failed to inspect image %q: %s", c.Image, desc(err)))
		} else if present != nil {
			k.containerEvent(pod, c.Name, corev1.EventTypeNormal, "Pulled",
				"Container image %q already present on machine and can be accessed by the pod", c.Image)
			return lifecycle.Result{Image: present.Id}
		}
	}
	if c.ImagePullPolicy == corev1.PullNever {
		return k.pullFailed(pod, c, "ErrImageNeverPull", fmt.Sprintf("Container image %q is not present with pull policy of Never", c.Image))
	}
	return k.pull(ctx, pod, c)
}

func (k *kubelet) pullFailed(pod *corev1.Pod, c *corev1.Container, reason, message string) lifecycle.Result {
	if reason == "ErrImageNeverPull" {
		k.containerEvent(pod, c.Name, corev1.EventTypeWarning, reason, "%s", message)
	} else {
		k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "Failed", "%s", message)
	}
	k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "Failed", "Error: %s", reason)
	return lifecycle.Result{Failure: &lifecycle.Failure{Reason: reason, Message: message}}
}

func (k *kubelet) pull(ctx context.Context, pod *corev1.Pod, c *corev1.Container) lifecycle.Result {
	asked := time.Now()
	release, ok := acquire(ctx, k.limits.pulls)
	if !ok {
		return result(ctx.Err())
	}
	defer release()
	begun := time.Now()
	k.containerEvent(pod, c.Name, corev1.EventTypeNormal, "Pulling", "Pulling image %q", c.Image)
	ref, err := k.pullWith(ctx, pod, c.Image)
	if err != nil {
		message := fmt.Sprintf("failed to pull image %q: %s", c.Image, desc(err))
		k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "Failed", "Failed to pull image %q: %s", c.Image, desc(err))
		k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
		return lifecycle.Result{Failure: &lifecycle.Failure{Reason: "ErrImagePull", Message: message}}
	}
	var size uint64
	if pulled, err := k.imageStatus(ctx, ref); err == nil && pulled != nil {
		size = pulled.Size
	}
	k.containerEvent(pod, c.Name, corev1.EventTypeNormal, "Pulled", "Successfully pulled image %q in %v (%v including waiting). Image size: %v bytes.",
		c.Image, time.Since(begun).Truncate(time.Millisecond), time.Since(asked).Truncate(time.Millisecond), size)
	k.keeper.Changed() // the Node lists its images
	return lifecycle.Result{Image: ref}
}

// pullWith tries the pod's credentials for the image's registry one after the
// other, or none if there are none.
func (k *kubelet) pullWith(ctx context.Context, pod *corev1.Pod, name string) (string, error) {
	credentials := image.Credentials(k.pullSecrets(ctx, pod), name)
	if len(credentials) == 0 {
		credentials = []*runtimeapi.AuthConfig{nil}
	}
	var errs []error
	for _, auth := range credentials {
		r, err := k.runtime.Images.PullImage(ctx, &runtimeapi.PullImageRequest{
			Image: &runtimeapi.ImageSpec{Image: name, UserSpecifiedImage: name}, Auth: auth, SandboxConfig: k.sandboxOf(pod)})
		if err == nil {
			return r.ImageRef, nil
		}
		errs = append(errs, errors.New(desc(err)))
	}
	return "", errors.Join(errs...)
}

// pullSecrets are the pod's imagePullSecrets. One that is missing is told in
// an event: the pull may work without.
func (k *kubelet) pullSecrets(ctx context.Context, pod *corev1.Pod) []*corev1.Secret {
	var out []*corev1.Secret
	for _, ref := range pod.Spec.ImagePullSecrets {
		s, err := k.sources.Secret(ctx, pod.Namespace, ref.Name)
		if err != nil {
			k.podEvent(pod, corev1.EventTypeWarning, "FailedToRetrieveImagePullSecret",
				"Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed.", ref.Name)
			continue
		}
		out = append(out, s)
	}
	return out
}

// imageStatus returns an image of this node, nil if it is not there.
func (k *kubelet) imageStatus(ctx context.Context, name string) (*runtimeapi.Image, error) {
	r, err := k.runtime.Images.ImageStatus(ctx, &runtimeapi.ImageStatusRequest{Image: &runtimeapi.ImageSpec{Image: name}})
	if err != nil {
		return nil, err
	}
	return r.Image, nil
}
