package kubelet

import (
	"context"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/node"
)

const (
	eventsRetryMin = 50 * time.Millisecond
	eventsRetryMax = 2 * time.Second
)

// runtimeHealth is what the runtime last said of itself.
type runtimeHealth struct {
	mu        sync.Mutex
	version   string
	connected bool
}

func (h *runtimeHealth) set(connected bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.connected = connected
}

// followRuntime listens to the runtime's events and tells the workers. When
// the stream breaks, and each time it is there again, every pod is looked at:
// what happened meanwhile was not told.
func (k *kubelet) followRuntime(ctx context.Context) {
	delay := eventsRetryMin
	for ctx.Err() == nil {
		if k.listen(ctx) {
			delay = eventsRetryMin
		}
		k.health.set(false)
		k.keeper.Changed()
		select {
		case <-ctx.Done():
		case <-time.After(delay):
			delay = min(2*delay, eventsRetryMax)
		}
	}
}

// listen follows one stream until it breaks. It returns false if the runtime
// was not there at all.
func (k *kubelet) listen(ctx context.Context) bool {
	if _, err := k.runtime.Version(ctx, &runtimeapi.VersionRequest{}); err != nil {
		return false
	}
	stream, err := k.runtime.GetContainerEvents(ctx, &runtimeapi.GetEventsRequest{})
	if err != nil {
		return false
	}
	k.health.set(true)
	k.keeper.Changed()
	k.touchAll()
	for {
		e, err := stream.Recv()
		if err != nil {
			return true
		}
		if w := k.worker(types.UID(e.PodSandboxStatus.GetMetadata().GetUid())); w != nil {
			w.touched()
		}
	}
}

func (k *kubelet) touchAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range k.workers {
		w.touched()
	}
}

// facts are what the Node says now. The runtime is asked each time; it answers
// in well under a millisecond, and this is called once a lease renewal.
func (k *kubelet) facts(ctx context.Context) node.Facts {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	f := node.Facts{
		Machine: k.machine, Name: k.NodeName, IPs: k.NodeIPs, Port: int32(k.Port), MaxPods: k.MaxPods, KubeletVersion: k.Version,
		NotReady: k.notReady(ctx),
		Images:   k.images(ctx),
	}
	k.health.mu.Lock()
	f.RuntimeVersion = k.health.version
	k.health.mu.Unlock()
	return f
}

// notReady says why the node can take no pods, empty if it can.
func (k *kubelet) notReady(ctx context.Context) string {
	status, err := k.runtime.Status(ctx, &runtimeapi.StatusRequest{})
	if err != nil {
		return "container runtime is down"
	}
	var problems []string
	for _, c := range status.Status.GetConditions() {
		switch {
		case c.Status:
		case c.Type == "RuntimeReady":
			problems = append(problems, "container runtime not ready: RuntimeReady=false reason:"+c.Reason+" message:"+c.Message)
		case c.Type == "NetworkReady":
			problems = append(problems, "container runtime network not ready: NetworkReady=false reason:"+c.Reason+" message:"+c.Message)
		}
	}
	k.health.mu.Lock()
	if !k.health.connected {
		problems = append(problems, "container runtime status check may not have completed yet")
	}
	known := k.health.version != ""
	k.health.mu.Unlock()
	if !known {
		k.learnVersion(ctx)
	}
	return strings.Join(problems, ", ")
}

func (k *kubelet) learnVersion(ctx context.Context) {
	v, err := k.runtime.Version(ctx, &runtimeapi.VersionRequest{})
	if err != nil {
		return
	}
	k.health.mu.Lock()
	defer k.health.mu.Unlock()
	k.health.version = v.RuntimeName + "://" + strings.TrimPrefix(v.RuntimeVersion, "v")
}

// images lists the node's images, largest first.
func (k *kubelet) images(ctx context.Context) []corev1.ContainerImage {
	r, err := k.runtime.Images.ListImages(ctx, &runtimeapi.ListImagesRequest{})
	if err != nil {
		return nil
	}
	return node.Images(r.Images)
}
