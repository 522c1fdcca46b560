package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/pki"
	"skiff/test/bench/standalone"
)

// kubelet is a simulated node's. It has a connection and a certificate of its
// own, so that the server decides for it as it would for a real one.
type kubelet struct {
	*cluster
	name   string
	number int
	client *standalone.Client
	lease  coordinationv1.Lease
	seen   map[string]bool // pods that are reported
}

// Of real kubelets.
const (
	leasePath     = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
	leaseDuration = 40 * time.Second
	renewEvery    = 10 * time.Second
)

// startKubelets starts all of them; it returns when each has its lease and
// has read its pods.
func startKubelets(ctx context.Context, c *cluster) error {
	return each(ctx, c.nodes, func(ctx context.Context, n int) error {
		k := &kubelet{cluster: c, name: nodeName(n), number: n, seen: map[string]bool{}}
		config, err := c.ca.RESTConfig(c.Config.Host, pki.Client{User: pki.NodeUser(k.name), Groups: []string{"system:nodes"}})
		if err != nil {
			return err
		}
		if k.client, err = c.Connect(config); err != nil {
			return err
		}
		if err := k.makeLease(ctx); err != nil {
			return err
		}
		events, err := k.watch(c.ctx)
		if err != nil {
			return err
		}
		c.tasks.Go(func() { k.follow(events) })
		c.tasks.Go(k.renew)
		return nil
	})
}

func (k *kubelet) makeLease(ctx context.Context) error {
	seconds, now := int32(leaseDuration.Seconds()), metav1.NowMicro()
	k.lease = coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: k.name, Namespace: "kube-node-lease"},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &k.name, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}
	return k.putLease(ctx, "POST", leasePath)
}

// putLease writes the lease and keeps what it became: the next write names
// its version.
func (k *kubelet) putLease(ctx context.Context, method, path string) error {
	answer, err := retry(ctx, k.client, method, path, envelope("coordination.k8s.io/v1", "Lease", &k.lease))
	if err != nil {
		return err
	}
	k.lease = coordinationv1.Lease{}
	return open(answer, &k.lease)
}

// renew renews the lease until the benchmark ends, each node at its own
// moment.
func (k *kubelet) renew() {
	wait := renewEvery * time.Duration(k.number) / time.Duration(k.nodes)
	for {
		select {
		case <-time.After(wait):
		case <-k.ctx.Done():
			return
		}
		wait = renewEvery
		now := metav1.NowMicro()
		k.lease.Spec.RenewTime = &now
		begin := time.Now()
		err := k.putLease(k.ctx, "PUT", leasePath+"/"+k.name)
		k.latencies.add("renew a lease (kubelets)", single, time.Since(begin))
		if err != nil {
			k.failed(fmt.Errorf("renew the lease of %s: %w", k.name, err))
			return
		}
	}
}

// watch asks for the node's pods, as client-go does: those that are, then
// what changes.
func (k *kubelet) watch(ctx context.Context) (*bufio.Reader, error) {
	resp, err := k.client.Send(ctx, standalone.Request{Accept: protoType + ";stream=watch",
		Path: "/api/v1/pods?watch=true&fieldSelector=spec.nodeName%3D" + k.name +
			"&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"})
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(resp.Body, 4<<10), nil
}

// follow reports the pods that appear and ends those that are to go. A watch
// that ends is begun again, as by every client.
func (k *kubelet) follow(events *bufio.Reader) {
	for k.ctx.Err() == nil {
		err := k.each(events)
		if k.ctx.Err() != nil {
			return
		}
		if !errors.Is(err, io.EOF) {
			k.failed(fmt.Errorf("watch of %s: %w", k.name, err))
			return
		}
		k.latencies.restarted.Add(1)
		if events, err = k.watch(k.ctx); err != nil {
			k.failed(err)
			return
		}
	}
}

func (k *kubelet) each(events *bufio.Reader) error {
	for {
		frame, err := readFrame(events)
		if err != nil {
			return err
		}
		var e metav1.WatchEvent
		if err := e.Unmarshal(frame); err != nil {
			return err
		}
		if e.Type == "ERROR" {
			return fmt.Errorf("error event: %q", e.Object.Raw)
		}
		if e.Type == "BOOKMARK" {
			continue
		}
		var p corev1.Pod
		if err := open(e.Object.Raw, &p); err != nil {
			return err
		}
		if err := k.handle(e.Type, &p); err != nil {
			return err
		}
	}
}

// readFrame reads an event of a watch in protobuf: its length, then itself.
func readFrame(r *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(r, frame)
	return frame, err
}

// handle does what a kubelet does about a pod, without the containers.
func (k *kubelet) handle(kind string, p *corev1.Pod) error {
	path := "/api/v1/namespaces/" + p.Namespace + "/pods/" + p.Name
	switch {
	case kind == "DELETED":
		delete(k.seen, p.Name)
	case p.DeletionTimestamp != nil:
		_, err := retry(k.ctx, k.client, "DELETE", path+"?gracePeriodSeconds=0", nil)
		var refused *standalone.Refused
		if errors.As(err, &refused) && refused.Status == 404 {
			return nil
		}
		return err
	case !k.seen[p.Name] && p.Status.Phase != corev1.PodRunning:
		k.seen[p.Name] = true
		k.latencies.arrived(p)
		if _, err := retry(k.ctx, k.client, "PATCH", path+"/status", runningStatus(p)); err != nil {
			return err
		}
		k.running.Add(1)
	}
	return nil
}
