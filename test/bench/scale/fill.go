package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// podsInNamespace is how the pods are spread, as in Kubernetes' own load tests.
const podsInNamespace = 1000

func (c *cluster) namespaces() int { return (c.pods + podsInNamespace - 1) / podsInNamespace }

func makeNodes(ctx context.Context, c *cluster) error {
	return each(ctx, c.nodes, func(ctx context.Context, n int) error {
		return c.create(ctx, n, "/api/v1/nodes", "v1", "Node", node(nodeName(n)))
	})
}

func makeServices(ctx context.Context, c *cluster) error {
	if err := each(ctx, c.namespaces(), c.makeNamespace); err != nil {
		return err
	}
	return each(ctx, c.services, func(ctx context.Context, n int) error {
		return c.create(ctx, n, "/api/v1/namespaces/"+namespaceName(n%c.namespaces())+"/services", "v1", "Service", service(n))
	})
}

// makeNamespace makes a namespace and the service account of its pods.
func (c *cluster) makeNamespace(ctx context.Context, n int) error {
	if err := c.create(ctx, n, "/api/v1/namespaces", "v1", "Namespace", namespace(namespaceName(n))); err != nil {
		return err
	}
	return c.create(ctx, n, "/api/v1/namespaces/"+namespaceName(n)+"/serviceaccounts", "v1", "ServiceAccount", serviceAccount("default"))
}

// makePods makes the pods, each on a node, and waits until the nodes have
// reported all of them.
func makePods(ctx context.Context, c *cluster) error {
	err := each(ctx, c.pods, func(ctx context.Context, n int) error {
		if err := c.failure.Load(); err != nil {
			return *err
		}
		return c.create(ctx, n, podsPath(n), "v1", "Pod", pod(podName(n), nodeName(n%c.nodes), n))
	})
	if err != nil {
		return err
	}
	for look := time.NewTicker(100 * time.Millisecond); c.running.Load() < int64(c.pods); {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d pods are reported: %w", c.running.Load(), c.pods, ctx.Err())
		}
		if err := c.failure.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// rest looks at the full cluster with nobody but the nodes.
func rest(ctx context.Context, _ *cluster) error {
	select {
	case <-time.After(30 * time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *cluster) create(ctx context.Context, n int, path, apiVersion, kind string, obj marshaler) error {
	_, err := retry(ctx, c.admin(n), "POST", path, envelope(apiVersion, kind, obj))
	return err
}

// marshaler is what API types in protobuf have.
type marshaler interface{ Marshal() ([]byte, error) }

// envelope is the object as a protobuf body of Kubernetes.
func envelope(apiVersion, kind string, obj marshaler) []byte {
	raw, err := obj.Marshal()
	if err != nil {
		panic(err) // a type of k8s.io/api: cannot fail
	}
	data, _ := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: apiVersion, Kind: kind}, Raw: raw}).Marshal()
	return append([]byte("k8s\x00"), data...)
}

// open reads the object in a protobuf body of Kubernetes.
func open(body []byte, obj interface{ Unmarshal([]byte) error }) error {
	raw, ok := bytes.CutPrefix(body, []byte("k8s\x00"))
	if !ok {
		return fmt.Errorf("not an object in protobuf: %.20q", body)
	}
	var u runtime.Unknown
	if err := u.Unmarshal(raw); err != nil {
		return err
	}
	return obj.Unmarshal(u.Raw)
}

func nodeName(n int) string      { return fmt.Sprintf("node-%04d", n) }
func namespaceName(n int) string { return fmt.Sprintf("team-%03d", n) }
func podName(n int) string       { return fmt.Sprintf("web-%06d", n) }
func podsPath(n int) string {
	return "/api/v1/namespaces/" + namespaceName(n/podsInNamespace) + "/pods"
}
func podPath(n int) string { return podsPath(n) + "/" + podName(n) }
