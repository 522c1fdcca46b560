package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"skiff/test/bench/standalone"
)

// load is a kind of request that is made at a steady rate, whether or not
// earlier ones are answered.
type load struct {
	name      string
	objective time.Duration
	every     time.Duration
	request   func(c *cluster, n int) standalone.Request
}

// loads are what controllers, schedulers, people and dashboards ask of a large
// cluster, beside the kubelets.
var loads = []load{
	{"get a pod", single, 20 * time.Millisecond, func(c *cluster, _ int) standalone.Request {
		return standalone.Request{Path: podPath(c.keptPod()), Accept: protoType}
	}},
	{"create a pod", single, 50 * time.Millisecond, func(c *cluster, n int) standalone.Request {
		p := pod(fmt.Sprintf("new-%06d", n), nodeName(n%c.nodes), n)
		stamp(p)
		return standalone.Request{Method: "POST", Path: podsPath(0), Accept: protoType, ContentType: protoType, Body: envelope("v1", "Pod", p)}
	}},
	{"delete a pod", single, 50 * time.Millisecond, func(c *cluster, n int) standalone.Request {
		return standalone.Request{Method: "DELETE", Path: podPath(n), Accept: protoType}
	}},
	{"patch a pod", single, 50 * time.Millisecond, func(c *cluster, n int) standalone.Request {
		return standalone.Request{Method: "PATCH", Path: podPath(c.keptPod()), Accept: protoType, ContentType: "application/merge-patch+json",
			Body: fmt.Appendf(nil, `{"metadata":{"labels":{"changed":"%d"}}}`, n)}
	}},
	{"patch a node", single, 100 * time.Millisecond, func(c *cluster, n int) standalone.Request {
		return standalone.Request{Method: "PATCH", Path: "/api/v1/nodes/" + nodeName(rand.IntN(c.nodes)), Accept: protoType, ContentType: "application/merge-patch+json",
			Body: fmt.Appendf(nil, `{"metadata":{"annotations":{"example.com/changed":"%d"}}}`, n)}
	}},
	{"list the pods of a node", everything, 200 * time.Millisecond, func(c *cluster, _ int) standalone.Request {
		return standalone.Request{Path: "/api/v1/pods?fieldSelector=spec.nodeName%3D" + nodeName(rand.IntN(c.nodes)), Accept: protoType}
	}},
	{"list 1,000 pods of a namespace", everything, 500 * time.Millisecond, func(c *cluster, _ int) standalone.Request {
		return standalone.Request{Path: podsPath(c.keptPod()), Accept: jsonType}
	}},
	{"list all pods by a label", everything, 5 * time.Second, func(c *cluster, _ int) standalone.Request {
		return standalone.Request{Path: fmt.Sprintf("/api/v1/pods?labelSelector=app%%3Dapp-%05d", rand.IntN(c.pods)/15), Accept: protoType}
	}},
	{"list all pods, 500 at a time", everything, time.Second, func(c *cluster, _ int) standalone.Request {
		return standalone.Request{Path: "/api/v1/pods?limit=500", Accept: protoType}
	}},
	{"list all pods, protobuf", everything, 15 * time.Second, func(*cluster, int) standalone.Request {
		return standalone.Request{Path: "/api/v1/pods", Accept: protoType}
	}},
	{"list all pods, JSON", everything, 30 * time.Second, func(*cluster, int) standalone.Request {
		return standalone.Request{Path: "/api/v1/pods", Accept: jsonType}
	}},
	{"list all nodes", everything, 5 * time.Second, func(*cluster, int) standalone.Request {
		return standalone.Request{Path: "/api/v1/nodes", Accept: jsonType}
	}},
	{"list all services", everything, 5 * time.Second, func(*cluster, int) standalone.Request {
		return standalone.Request{Path: "/api/v1/services", Accept: jsonType}
	}},
}

// doomed is how many of the first pods will be deleted, at the rate of loads;
// keptPod is one of the others.
func (c *cluster) doomed() int  { return int(c.busy/(50*time.Millisecond)) + 1 }
func (c *cluster) keptPod() int { return c.doomed() + rand.IntN(c.pods-c.doomed()) }

// busy sends all loads side by side, and waits for the last answers. A
// request's time begins when it is due, so that a server that is behind shows
// it.
func busy(ctx context.Context, c *cluster) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var senders sync.WaitGroup
	over := time.Now().Add(c.busy)
	for i, l := range loads {
		senders.Go(func() {
			tick := time.NewTicker(l.every)
			defer tick.Stop()
			for n := 0; time.Now().Before(over); n++ {
				select {
				case due := <-tick.C:
					senders.Go(func() {
						if err := c.send(ctx, c.admin(i+n), l, n, due); err != nil {
							cancel(err)
						}
					})
				case <-ctx.Done():
					return
				}
			}
		})
	}
	senders.Wait()
	return context.Cause(ctx)
}

func (c *cluster) send(ctx context.Context, admin *standalone.Client, l load, n int, due time.Time) error {
	_, err := admin.Do(ctx, l.request(c, n))
	if err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	c.latencies.add(l.name, l.objective, time.Since(due))
	return nil
}
