package core

import (
	"maps"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// State is what the scheduler knows of the cluster, and what it has worked out
// about it. It is not safe for use by several goroutines.
type State struct {
	nodes []*node
	gens  []uint64 // gens[i] changes when nodes[i] does; never 0
	gen   uint64
	index map[string]int

	placed     map[types.UID]placement
	homeless   map[string][]*Pod // pods on nodes that are not known (yet)
	namespaces map[string]labels.Set
	nsVersion  uint64
	sociable   int            // pods with affinity or anti-affinity
	images     map[string]int // how many nodes have each image

	topologies map[string]*topology
	locals     cache[*localClass]
	acrosses   cache[*acrossClass]
	scratch    scratch
	chance     *rand.Rand
}

type placement struct {
	pod  *Pod
	node string
}

// NewState makes an empty State. seed decides among nodes that are equally
// good.
func NewState(seed uint64) *State {
	return &State{
		index: map[string]int{}, placed: map[types.UID]placement{}, homeless: map[string][]*Pod{},
		namespaces: map[string]labels.Set{}, images: map[string]int{}, topologies: map[string]*topology{},
		chance: rand.New(rand.NewPCG(seed, seed)),
	}
}

// Nodes is how many nodes there are.
func (s *State) Nodes() int { return len(s.nodes) }

// SetNode adds or renews a node, and says whether that can change any
// decision: a heartbeat does not.
func (s *State) SetNode(n *corev1.Node) bool {
	if i, ok := s.index[n.Name]; ok {
		if sameNode(s.nodes[i].Node, n) {
			return false
		}
		s.countImages(s.nodes[i], -1)
		s.replace(i, s.nodes[i].renew(n))
		s.countImages(s.nodes[i], 1)
		return true
	}
	s.index[n.Name] = len(s.nodes)
	s.gen++
	s.nodes = append(s.nodes, newNode(n, s.homeless[n.Name]))
	s.gens = append(s.gens, s.gen)
	s.countImages(s.nodes[len(s.nodes)-1], 1)
	delete(s.homeless, n.Name)
	return true
}

// sameNode compares what plug-ins read of a node.
func sameNode(a, b *corev1.Node) bool {
	return a.UID == b.UID && a.Spec.Unschedulable == b.Spec.Unschedulable &&
		maps.Equal(a.Labels, b.Labels) &&
		apiequality.Semantic.DeepEqual(a.Spec.Taints, b.Spec.Taints) &&
		apiequality.Semantic.DeepEqual(a.Status.Allocatable, b.Status.Allocatable) &&
		apiequality.Semantic.DeepEqual(a.Status.Images, b.Status.Images)
}

// RemoveNode forgets a node. Its pods are remembered until they are removed.
func (s *State) RemoveNode(name string) {
	i, ok := s.index[name]
	if !ok {
		return
	}
	s.countImages(s.nodes[i], -1)
	if pods := s.nodes[i].pods; len(pods) > 0 {
		s.homeless[name] = pods
	}
	last := len(s.nodes) - 1
	if i != last {
		s.index[s.nodes[last].Name] = i
		s.replace(i, s.nodes[last])
	}
	s.nodes[last] = nil
	s.nodes, s.gens = s.nodes[:last], s.gens[:last]
	delete(s.index, name)
}

// SetPod places a pod on a node, or renews or moves it.
func (s *State) SetPod(p *Pod, node string) {
	s.RemovePod(p.UID)
	s.placed[p.UID] = placement{p, node}
	if p.sociable() {
		s.sociable++
	}
	if i, ok := s.index[node]; ok {
		s.replace(i, s.nodes[i].with(p))
	} else {
		s.homeless[node] = append(s.homeless[node], p)
	}
}

// RemovePod takes a pod off its node.
func (s *State) RemovePod(uid types.UID) {
	at, ok := s.placed[uid]
	if !ok {
		return
	}
	delete(s.placed, uid)
	if at.pod.sociable() {
		s.sociable--
	}
	if i, ok := s.index[at.node]; ok {
		s.replace(i, s.nodes[i].without(at.pod))
		return
	}
	left := s.homeless[at.node]
	for j, p := range left {
		if p.UID == uid {
			left = append(left[:j:j], left[j+1:]...)
			break
		}
	}
	if s.homeless[at.node] = left; len(left) == 0 {
		delete(s.homeless, at.node)
	}
}

// SetNamespace tells the labels of a namespace, which affinity terms select by.
func (s *State) SetNamespace(name string, l map[string]string) {
	if old, ok := s.namespaces[name]; ok && labels.Equals(old, l) {
		return
	}
	s.namespaces[name] = l
	s.nsVersion++
}

// RemoveNamespace forgets a namespace.
func (s *State) RemoveNamespace(name string) {
	delete(s.namespaces, name)
	s.nsVersion++
}

// On returns the pods on a node. The slice is the State's own.
func (s *State) On(node string) []*Pod {
	if i, ok := s.index[node]; ok {
		return s.nodes[i].pods
	}
	return s.homeless[node]
}

func (s *State) replace(i int, n *node) {
	s.gen++
	s.nodes[i], s.gens[i] = n, s.gen
}
