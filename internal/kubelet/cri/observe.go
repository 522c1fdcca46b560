package cri

import (
	"context"
	"io"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/lifecycle"
)

const (
	terminationMessageMax  = 4096 // bytes kept of a termination message file
	terminationLogMax      = 2048 // bytes kept of a log that stands in for it
	terminationLogMaxLines = 80
)

// Observer reads what the runtime has of a pod. Statuses of containers that
// have exited never change again and are asked for once.
type Observer struct {
	client *Client
	tail   func(path string, lines, bytes int64) string

	mu     sync.Mutex
	exited map[string]lifecycle.Container
}

// NewObserver observes through a client. tail returns the end of a container's
// log; it stands in for the termination message of containers that ask for it.
func NewObserver(client *Client, tail func(path string, lines, bytes int64) string) *Observer {
	return &Observer{client: client, tail: tail, exited: map[string]lifecycle.Container{}}
}

// Pod returns the sandboxes and containers of a pod, newest first.
func (o *Observer) Pod(ctx context.Context, uid types.UID) (lifecycle.Observed, error) {
	byPod := map[string]string{LabelPodUID: string(uid)}
	sandboxes, err := o.client.ListPodSandbox(ctx, &runtimeapi.ListPodSandboxRequest{
		Filter: &runtimeapi.PodSandboxFilter{LabelSelector: byPod}})
	if err != nil {
		return lifecycle.Observed{}, err
	}
	containers, err := o.client.ListContainers(ctx, &runtimeapi.ListContainersRequest{
		Filter: &runtimeapi.ContainerFilter{LabelSelector: byPod}})
	if err != nil {
		return lifecycle.Observed{}, err
	}
	var seen lifecycle.Observed
	for _, s := range sandboxes.Items {
		sandbox, err := o.sandbox(ctx, s.Id)
		if status.Code(err) == codes.NotFound {
			continue
		} else if err != nil {
			return seen, err
		}
		seen.Sandboxes = append(seen.Sandboxes, sandbox)
	}
	for _, c := range containers.Containers {
		container, err := o.container(ctx, c)
		if status.Code(err) == codes.NotFound {
			continue
		} else if err != nil {
			return seen, err
		}
		seen.Containers = append(seen.Containers, container)
	}
	newestFirst(&seen)
	return seen, nil
}

// Forget drops what is remembered of a removed container.
func (o *Observer) Forget(containerID string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.exited, containerID)
}

func newestFirst(o *lifecycle.Observed) {
	sort.SliceStable(o.Sandboxes, func(i, j int) bool { return o.Sandboxes[i].Created.After(o.Sandboxes[j].Created) })
	sort.SliceStable(o.Containers, func(i, j int) bool { return o.Containers[i].Created.After(o.Containers[j].Created) })
}

func (o *Observer) sandbox(ctx context.Context, id string) (lifecycle.Sandbox, error) {
	r, err := o.client.PodSandboxStatus(ctx, &runtimeapi.PodSandboxStatusRequest{PodSandboxId: id})
	if err != nil {
		return lifecycle.Sandbox{}, err
	}
	return toSandbox(r.Status), nil
}

func toSandbox(s *runtimeapi.PodSandboxStatus) lifecycle.Sandbox {
	sandbox := lifecycle.Sandbox{
		ID:      s.Id,
		Attempt: s.Metadata.GetAttempt(),
		Ready:   s.State == runtimeapi.PodSandboxState_SANDBOX_READY,
		Created: time.Unix(0, s.CreatedAt),
	}
	if ip := s.Network.GetIp(); ip != "" {
		sandbox.IPs = append(sandbox.IPs, ip)
	}
	for _, ip := range s.Network.GetAdditionalIps() {
		sandbox.IPs = append(sandbox.IPs, ip.Ip)
	}
	return sandbox
}

func (o *Observer) container(ctx context.Context, c *runtimeapi.Container) (lifecycle.Container, error) {
	o.mu.Lock()
	known, ok := o.exited[c.Id]
	o.mu.Unlock()
	if ok {
		return known, nil
	}
	r, err := o.client.ContainerStatus(ctx, &runtimeapi.ContainerStatusRequest{ContainerId: c.Id})
	if err != nil {
		return lifecycle.Container{}, err
	}
	seen := toContainer(r.Status, c.PodSandboxId)
	if seen.State == lifecycle.Exited {
		seen.Message = o.terminationMessage(r.Status, seen.Message)
		o.mu.Lock()
		o.exited[c.Id] = seen
		o.mu.Unlock()
	}
	return seen, nil
}

func toContainer(s *runtimeapi.ContainerStatus, sandboxID string) lifecycle.Container {
	c := lifecycle.Container{
		ID:        s.Id,
		SandboxID: sandboxID,
		Name:      s.Metadata.GetName(),
		Attempt:   attempt(s),
		Hash:      s.Annotations[annotationHash],
		Created:   at(s.CreatedAt),
		Started:   at(s.StartedAt),
		Finished:  at(s.FinishedAt),
		ExitCode:  s.ExitCode,
		Reason:    s.Reason,
		Message:   s.Message,
		Image:     s.Image.GetImage(),
		ImageID:   s.ImageRef,
		LogPath:   s.LogPath,
	}
	if grace, err := strconv.ParseInt(s.Annotations[annotationGrace], 10, 64); err == nil {
		c.Grace = &grace
	}
	if user := s.Image.GetUserSpecifiedImage(); user != "" {
		c.Image = user
	}
	if u := s.User.GetLinux(); u != nil {
		c.User = &corev1.LinuxContainerUser{UID: u.Uid, GID: u.Gid, SupplementalGroups: u.SupplementalGroups}
	}
	switch s.State {
	case runtimeapi.ContainerState_CONTAINER_CREATED:
		c.State = lifecycle.Created
	case runtimeapi.ContainerState_CONTAINER_RUNNING:
		c.State = lifecycle.Running
	case runtimeapi.ContainerState_CONTAINER_EXITED:
		c.State = lifecycle.Exited
	}
	return c
}

func attempt(s *runtimeapi.ContainerStatus) int {
	if n, err := strconv.Atoi(s.Annotations[annotationRestartCount]); err == nil {
		return n
	}
	return int(s.Metadata.GetAttempt())
}

// at turns CRI nanoseconds into a time; 0 is the zero time.
func at(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// terminationMessage is the file that the container wrote, or the end of its
// log if it failed without one and asked for that. The runtime's own message
// stands where neither is.
func (o *Observer) terminationMessage(s *runtimeapi.ContainerStatus, runtimeMessage string) string {
	path := s.Annotations[annotationTerminationPath]
	policy := corev1.TerminationMessagePolicy(s.Annotations[annotationTerminationPolicy])
	message := ""
	for _, m := range s.Mounts {
		if path != "" && m.ContainerPath == path {
			message = readHead(m.HostPath, terminationMessageMax)
		}
	}
	if message == "" && policy == corev1.TerminationMessageFallbackToLogsOnError && s.ExitCode != 0 && o.tail != nil {
		message = o.tail(s.LogPath, terminationLogMaxLines, terminationLogMax)
	}
	if message == "" {
		return runtimeMessage
	}
	if runtimeMessage != "" {
		return runtimeMessage + ": " + message
	}
	return message
}

func readHead(path string, max int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, max))
	return string(b)
}
