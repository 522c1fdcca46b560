package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"skiff/test/bench/standalone"
)

const (
	jsonType  = "application/json"
	protoType = "application/vnd.kubernetes.protobuf"
)

// retry sends a write, again if the server is too busy, as every client of
// Kubernetes does, and returns the answer.
func retry(ctx context.Context, c *standalone.Client, method, path string, body []byte) ([]byte, error) {
	kind := protoType
	if method == "PATCH" {
		kind = "application/strategic-merge-patch+json"
	}
	for {
		answer, err := c.Read(ctx, standalone.Request{Method: method, Path: path, Accept: protoType, ContentType: kind, Body: body})
		var refused *standalone.Refused
		if !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests {
			return answer, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// runningStatus is a kubelet's patch for a pod whose containers run.
func runningStatus(p *corev1.Pod) []byte {
	now := time.Now().UTC().Format(time.RFC3339)
	var conditions, containers []string
	for _, kind := range []string{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		conditions = append(conditions, fmt.Sprintf(`{"type":%q,"status":"True","lastProbeTime":null,"lastTransitionTime":%q}`, kind, now))
	}
	for _, c := range p.Spec.Containers {
		containers = append(containers, fmt.Sprintf(`{"name":%q,"image":%q,"imageID":%q,"containerID":"containerd://%064d","ready":true,"started":true,"restartCount":0,"state":{"running":{"startedAt":%q}}}`,
			c.Name, c.Image, c.Image, len(p.Name), now))
	}
	return fmt.Appendf(nil, `{"metadata":{"uid":%q},"status":{"phase":"Running","hostIP":"10.0.0.1","podIP":"10.244.1.2","podIPs":[{"ip":"10.244.1.2"}],"startTime":%q,"conditions":[%s],"containerStatuses":[%s]}}`,
		p.UID, now, strings.Join(conditions, ","), strings.Join(containers, ","))
}
