package nodeipam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/record"

	"skiff/internal/reconcile"

	"skiff/internal/client"
)

// Length of a node's range.
const (
	nodeBits4 = 24
	nodeBits6 = 64
)

// Controller gives nodes their ranges. One worker does it all, so that no part
// is given twice; ranges is its own.
type Controller struct {
	kube   kubernetes.Interface
	events record.EventRecorder
	nodes  corelisters.NodeLister
	ranges []*blocks
	loop   *reconcile.Loop[string]
}

// New makes the controller; cidrs are the pods' ranges, one for each family.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder, cidrs []netip.Prefix) (*Controller, error) {
	c := &Controller{kube: kube, events: events, nodes: factory.Nodes().Lister()}
	for _, cidr := range cidrs {
		bits := nodeBits4
		if cidr.Addr().Is6() {
			bits = nodeBits6
		}
		b, err := newBlocks(cidr, bits)
		if err != nil {
			return nil, err
		}
		c.ranges = append(c.ranges, b)
	}
	c.loop = reconcile.New("nodeipam", c.reconcile)
	reconcile.OnUpdate(factory.Nodes().Informer(), func(old, n *corev1.Node, deleted bool) {
		if old == nil || deleted || n.Spec.PodCIDR == "" {
			c.loop.Add(n.Name)
		}
	})
	return c, nil
}

// Run reconciles until ctx ends. Whatever nodes have already is noted first.
func (c *Controller) Run(ctx context.Context) error {
	if err := c.learn(); err != nil {
		return err
	}
	return c.loop.Run(ctx, 1)
}

func (c *Controller) learn() error {
	all, err := c.nodes.List(labels.Everything())
	for _, n := range all {
		c.note(n)
	}
	return err
}

// note holds the ranges that a node has.
func (c *Controller) note(n *corev1.Node) {
	for _, s := range n.Spec.PodCIDRs {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			continue
		}
		for _, b := range c.ranges {
			if b.whole.Overlaps(p) {
				b.hold(n.Name, p)
			}
		}
	}
}

func (c *Controller) reconcile(ctx context.Context, name string) error {
	n, err := c.nodes.Get(name)
	if err != nil {
		for _, b := range c.ranges {
			b.free(name)
		}
		return reconcile.IgnoreNotFound(err)
	}
	if len(n.Spec.PodCIDRs) > 0 {
		c.note(n)
		return nil
	}
	cidrs, err := c.take(name)
	if err != nil {
		c.events.Eventf(n, corev1.EventTypeNormal, "CIDRNotAvailable", "Node %s status is now: CIDRNotAvailable", name)
		return err
	}
	return c.assign(ctx, n, cidrs)
}

func (c *Controller) take(name string) (cidrs []string, err error) {
	for _, b := range c.ranges {
		p, err := b.take(name)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", name, err)
		}
		cidrs = append(cidrs, p.String())
	}
	return cidrs, nil
}

// assign writes the ranges. When that fails they stay the node's: the write
// may have happened all the same.
func (c *Controller) assign(ctx context.Context, n *corev1.Node, cidrs []string) error {
	if len(cidrs) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": n.UID},
		"spec":     map[string]any{"podCIDR": cidrs[0], "podCIDRs": cidrs},
	})
	if err != nil {
		return err
	}
	_, err = c.kube.CoreV1().Nodes().Patch(ctx, n.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return errors.Join(fmt.Errorf("podCIDR of node %s", n.Name), err)
	}
	return nil
}
