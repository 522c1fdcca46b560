package kubelet

import (
	"context"
	"errors"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"skiff/internal/kubelet/cri"
	"skiff/internal/kubelet/lifecycle"
)

// performer returns the function that performs an action. It is called in the
// worker's loop and takes from the worker what the function needs; the function
// itself runs beside the loop.
func (w *worker) performer(a lifecycle.Action) func(context.Context) lifecycle.Result {
	k, pod := w.k, w.podNow()
	switch a.Kind {
	case lifecycle.SetUpVolumes:
		return func(ctx context.Context) lifecycle.Result { return w.setUpVolumes(ctx, pod) }
	case lifecycle.RunSandbox:
		return func(ctx context.Context) lifecycle.Result { return k.runSandbox(ctx, pod, a.Attempt) }
	case lifecycle.PullImage:
		return func(ctx context.Context) lifecycle.Result { return k.pullImage(ctx, pod, a.Container) }
	case lifecycle.StartContainer:
		volumes := w.volumes
		return func(ctx context.Context) lifecycle.Result { return k.startContainer(ctx, pod, volumes, a) }
	case lifecycle.StopContainer:
		hook := !w.hooked[a.ID]
		w.hooked[a.ID] = true
		return func(ctx context.Context) lifecycle.Result { return k.stopContainer(ctx, pod, a, hook) }
	case lifecycle.StopSandbox:
		return func(ctx context.Context) lifecycle.Result { return result(k.stopSandbox(ctx, a.ID)) }
	case lifecycle.RemoveContainer:
		return func(ctx context.Context) lifecycle.Result { return result(k.removeContainer(ctx, pod, a.ID)) }
	case lifecycle.RemoveSandbox:
		return func(ctx context.Context) lifecycle.Result { return result(k.removeSandbox(ctx, a.ID)) }
	case lifecycle.TearDown:
		return func(context.Context) lifecycle.Result { return result(k.tearDown(pod)) }
	case lifecycle.DeletePod:
		return func(ctx context.Context) lifecycle.Result { return result(k.deletePod(ctx, pod)) }
	}
	return func(context.Context) lifecycle.Result { return result(errors.New("unknown action " + string(a.Kind))) }
}

// result is the outcome of an action that fails in one way only.
func result(err error) lifecycle.Result {
	if err == nil {
		return lifecycle.Result{}
	}
	return lifecycle.Result{Failure: &lifecycle.Failure{Reason: "Failed", Message: err.Error()}}
}

// podNow is the pod with the addresses that are known by now: containers may
// ask for them before the API has them.
func (w *worker) podNow() *corev1.Pod {
	pod := w.pod.DeepCopy()
	pod.Status.HostIP, pod.Status.HostIPs = "", nil
	ips := w.k.hostIPs()
	for _, ip := range ips {
		pod.Status.HostIPs = append(pod.Status.HostIPs, corev1.HostIP{IP: ip})
	}
	if len(ips) > 0 {
		pod.Status.HostIP = ips[0]
	}
	if s := w.observed.Sandbox(); s != nil && s.Ready && !pod.Spec.HostNetwork {
		ips = s.IPs
	} else if !pod.Spec.HostNetwork {
		ips = nil
	}
	pod.Status.PodIP, pod.Status.PodIPs = "", nil
	for _, ip := range ips {
		pod.Status.PodIPs = append(pod.Status.PodIPs, corev1.PodIP{IP: ip})
	}
	if len(ips) > 0 {
		pod.Status.PodIP = ips[0]
	}
	return pod
}

func (k *kubelet) hostIPs() []string {
	var out []string
	for _, ip := range k.NodeIPs {
		out = append(out, ip.String())
	}
	return out
}

func (k *kubelet) podDir(uid types.UID) string { return filepath.Join(k.podsDir(), string(uid)) }

// setUpVolumes sets the pod's volumes up, or brings them up to date. An event
// names each one that failed.
func (w *worker) setUpVolumes(ctx context.Context, pod *corev1.Pod) lifecycle.Result {
	set, err := w.k.volumes.SetUp(ctx, pod)
	if err != nil {
		for _, one := range each(err) {
			w.k.podEvent(pod, corev1.EventTypeWarning, "FailedMount", "%s", one)
		}
		return result(err)
	}
	w.post(func() { w.volumes = set.Paths })
	return lifecycle.Result{Refresh: set.Refresh}
}

// each takes joined errors apart.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// notFound says whether the runtime no longer has what an action was for.
func notFound(err error) bool { return status.Code(err) == codes.NotFound }

func ignoreNotFound(err error) error {
	if notFound(err) {
		return nil
	}
	return err
}

func (k *kubelet) stopSandbox(ctx context.Context, id string) error {
	_, err := k.runtime.StopPodSandbox(ctx, &runtimeapi.StopPodSandboxRequest{PodSandboxId: id})
	return ignoreNotFound(err)
}

func (k *kubelet) removeSandbox(ctx context.Context, id string) error {
	_, err := k.runtime.RemovePodSandbox(ctx, &runtimeapi.RemovePodSandboxRequest{PodSandboxId: id})
	return ignoreNotFound(err)
}

// removeContainer removes a dead container and its log.
func (k *kubelet) removeContainer(ctx context.Context, pod *corev1.Pod, id string) error {
	st, err := k.runtime.ContainerStatus(ctx, &runtimeapi.ContainerStatusRequest{ContainerId: id})
	if err == nil && st.Status.LogPath != "" {
		k.logs.Remove(st.Status.LogPath)
	}
	_, err = k.runtime.RemoveContainer(ctx, &runtimeapi.RemoveContainerRequest{ContainerId: id})
	k.observer.Forget(id)
	return ignoreNotFound(err)
}

// tearDown removes the pod's volumes and control group.
func (k *kubelet) tearDown(pod *corev1.Pod) error {
	return errors.Join(k.volumes.TearDown(pod.UID), k.cgroups.Remove(string(pod.UID)))
}

// deletePod deletes the object of a pod nothing of which runs any more; one of
// the same name that came after it is left alone.
func (k *kubelet) deletePod(ctx context.Context, pod *corev1.Pod) error {
	now := int64(0)
	err := k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: metav1.NewUIDPreconditions(string(pod.UID))})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// runSandbox makes the pod's control group and a sandbox in it.
func (k *kubelet) runSandbox(ctx context.Context, pod *corev1.Pod, attempt int) lifecycle.Result {
	release, ok := acquire(ctx, k.limits.starts)
	if !ok {
		return result(ctx.Err())
	}
	defer release()
	config, err := k.sandboxConfig(pod, attempt)
	if err == nil {
		_, err = k.runtime.RunPodSandbox(ctx, &runtimeapi.RunPodSandboxRequest{Config: config})
	}
	if err != nil && ctx.Err() == nil {
		k.podEvent(pod, corev1.EventTypeWarning, "FailedCreatePodSandBox", "Failed to create pod sandbox: %v", err)
	}
	return result(err)
}

// acquire takes a place; release gives it back.
func acquire(ctx context.Context, places chan struct{}) (release func(), ok bool) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, true
	case <-ctx.Done():
		return nil, false
	}
}

func (k *kubelet) logDir(pod *corev1.Pod) string { return cri.LogDir(k.LogDir, pod) }
