package kubelet

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/lifecycle"
	"skiff/internal/kubelet/probe"
)

const (
	// minimumStop is what is left to a container after its preStop hook.
	minimumStop = 2 * time.Second
	// withdrawal is how long a container that ends waits at most for Services to
	// send their clients elsewhere, and lastRequests for those on their way.
	withdrawal   = 3 * time.Second
	lastRequests = 100 * time.Millisecond
	// stopSlack is how much longer than a container's grace the runtime may take
	// to stop it.
	stopSlack = 2 * time.Minute
	// httpHookTimeout bounds an HTTP hook, which names no time of its own.
	httpHookTimeout = 30 * time.Second
)

// stopContainer waits until a deleted pod gets no new connections, calls the
// preStop hook, then has the runtime stop the container: the signal, what is
// left of the grace period, and the kill.
func (k *kubelet) stopContainer(ctx context.Context, pod *corev1.Pod, a lifecycle.Action, hook bool) lifecycle.Result {
	k.containerEvent(pod, a.Container, corev1.EventTypeNormal, "Killing", "%s", a.Reason)
	grace := time.Duration(a.Grace) * time.Second
	if hook {
		grace -= k.awaitWithdrawal(ctx, pod, grace)
	}
	begun := time.Now()
	if c := containerOf(pod, a.Container); hook && c != nil && c.Lifecycle != nil && c.Lifecycle.PreStop != nil {
		bounded, cancel := context.WithTimeout(ctx, grace)
		if err := k.hook(bounded, pod, c, a.ID, c.Lifecycle.PreStop); err != nil {
			k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed")
			k.Log.Info("a preStop hook failed", "pod", pod.Namespace+"/"+pod.Name, "container", c.Name, "err", err)
		}
		cancel()
		grace = max(grace-time.Since(begun), minimumStop)
	}
	ctx, cancel := context.WithTimeout(ctx, grace+stopSlack)
	defer cancel()
	_, err := k.runtime.StopContainer(ctx, &runtimeapi.StopContainerRequest{ContainerId: a.ID, Timeout: int64(math.Ceil(grace.Seconds()))})
	return result(ignoreNotFound(err))
}

// awaitWithdrawal waits until Services no longer send new connections to a pod
// that is deleted: one that stopped to listen before would refuse them. Other
// nodes hear of it when this one does, and a request that has just begun is
// answered in the moment after. It returns how long it took: half of the grace
// period at most.
func (k *kubelet) awaitWithdrawal(ctx context.Context, pod *corev1.Pod, grace time.Duration) time.Duration {
	if k.Withdrawn == nil || pod.DeletionTimestamp == nil || pod.Spec.HostNetwork {
		return 0 // an address of the host is not the pod's alone
	}
	begun := time.Now()
	bounded, cancel := context.WithTimeout(ctx, min(withdrawal, grace/2))
	defer cancel()
	if k.Withdrawn(bounded, addressesOf(pod)) {
		select {
		case <-time.After(lastRequests):
		case <-bounded.Done():
		}
	}
	return min(time.Since(begun), grace/2)
}

func addressesOf(pod *corev1.Pod) []netip.Addr {
	var addrs []netip.Addr
	for _, ip := range pod.Status.PodIPs {
		if addr, err := netip.ParseAddr(ip.IP); err == nil {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// postStart calls the postStart hook. A container whose hook fails is killed,
// and then restarted as its policy says.
func (k *kubelet) postStart(ctx context.Context, pod *corev1.Pod, c *corev1.Container, id string) lifecycle.Result {
	if c.Lifecycle == nil || c.Lifecycle.PostStart == nil {
		return lifecycle.Result{}
	}
	err := k.hook(ctx, pod, c, id, c.Lifecycle.PostStart)
	if err == nil {
		return lifecycle.Result{}
	}
	k.containerEvent(pod, c.Name, corev1.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed")
	grace := int64(30)
	if s := pod.Spec.TerminationGracePeriodSeconds; s != nil {
		grace = *s
	}
	k.stopContainer(ctx, pod, lifecycle.Action{Container: c.Name, ID: id, Grace: grace, Reason: "FailedPostStartHook"}, true)
	return failed(postStartError, err)
}

// hook performs a lifecycle hook.
func (k *kubelet) hook(ctx context.Context, pod *corev1.Pod, c *corev1.Container, id string, h *corev1.LifecycleHandler) error {
	switch {
	case h.Exec != nil:
		code, output, err := k.exec(ctx, id, h.Exec.Command, 0)
		if err == nil && code != 0 {
			err = fmt.Errorf("command %q exited with %d: %s", h.Exec.Command, code, output)
		}
		return err
	case h.HTTPGet != nil:
		ctx, cancel := context.WithTimeout(ctx, httpHookTimeout)
		defer cancel()
		return probe.HTTPHook(ctx, pod, c, h.HTTPGet)
	case h.Sleep != nil:
		select {
		case <-time.After(time.Duration(h.Sleep.Seconds) * time.Second):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("container %q has a lifecycle hook of a kind that is not supported", c.Name)
}

// exec runs a command in a container and waits for it. A timeout of 0 is none.
func (k *kubelet) exec(ctx context.Context, id string, command []string, timeout time.Duration) (code int32, output []byte, err error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout+time.Second)
		defer cancel()
	}
	r, err := k.runtime.ExecSync(ctx, &runtimeapi.ExecSyncRequest{ContainerId: id, Cmd: command, Timeout: int64(timeout / time.Second)})
	if err != nil {
		return 0, nil, err
	}
	return r.ExitCode, append(r.Stdout, r.Stderr...), nil
}

func (k *kubelet) execProbe(ctx context.Context, id string, command []string, timeout time.Duration) (int32, []byte, error) {
	return k.exec(ctx, id, command, timeout)
}
