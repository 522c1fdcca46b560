package core

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// node is a node with the pods on it. It is replaced, never changed.
type node struct {
	*corev1.Node
	pods     []*Pod
	sociable []*Pod // those of pods with affinity or anti-affinity

	allocatable Resource
	maxPods     int
	requested   Resource
	usual       Resource
	ports       map[port]int
	images      map[string]int64 // size by name
}

func newNode(n *corev1.Node, pods []*Pod) *node {
	out := &node{
		Node: n, allocatable: resourceOf(n.Status.Allocatable),
		maxPods: int(n.Status.Allocatable.Pods().Value()),
		images:  map[string]int64{},
	}
	for _, i := range n.Status.Images {
		for _, name := range i.Names {
			out.images[name] = i.SizeBytes
		}
	}
	for _, p := range pods {
		out.count(p, 1)
	}
	out.pods = slices.Clone(pods)
	out.sociable = sociable(pods)
	return out
}

// renew is the same node with a newer Node object.
func (n *node) renew(obj *corev1.Node) *node { return newNode(obj, n.pods) }

// with and without return the node as it is when p came or went.
func (n *node) with(p *Pod) *node {
	out := n.copy()
	out.pods = append(slices.Clip(n.pods), p)
	if p.sociable() {
		out.sociable = append(slices.Clip(n.sociable), p)
	}
	out.count(p, 1)
	return out
}

func (n *node) without(p *Pod) *node {
	out := n.copy()
	isP := func(q *Pod) bool { return q.UID == p.UID }
	out.pods = slices.DeleteFunc(slices.Clone(n.pods), isP)
	if p.sociable() {
		out.sociable = slices.DeleteFunc(slices.Clone(n.sociable), isP)
	}
	out.count(p, -1)
	return out
}

// copy makes what count changes the copy's own.
func (n *node) copy() *node {
	out := *n
	out.requested = Resource{}
	out.requested.add(n.requested, 1)
	out.usual = Resource{}
	out.usual.add(n.usual, 1)
	return &out
}

func (n *node) count(p *Pod, sign int64) {
	n.requested.add(p.requests, sign)
	n.usual.add(p.usual, sign)
	if len(p.ports) > 0 {
		n.ports = countPorts(n.ports, p.ports, int(sign))
	}
}

func sociable(pods []*Pod) (out []*Pod) {
	for _, p := range pods {
		if p.sociable() {
			out = append(out, p)
		}
	}
	return out
}
