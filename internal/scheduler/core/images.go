package core

import "strings"

// Between these sizes of the images that a node has already, a container's
// score grows from 0 to the highest.
const (
	minImageBytes = 23 << 20
	maxImageBytes = 1000 << 20
)

// imageLocality prefers nodes that have the pod's images. What only a few
// nodes have counts for little, or all pods would gather on those.
func imageLocality(s *State, p *Pod, n *node) int64 {
	if len(n.images) == 0 || len(p.Spec.Containers) == 0 {
		return 0
	}
	var have int64
	for i := range p.Spec.Containers {
		name := normalImage(p.Spec.Containers[i].Image)
		if size, ok := n.images[name]; ok {
			have += size * int64(s.images[name]) / int64(len(s.nodes))
		}
	}
	most := int64(maxImageBytes) * int64(len(p.Spec.Containers))
	have = min(max(have, minImageBytes), most)
	return maxScore * (have - minImageBytes) / (most - minImageBytes)
}

// countImages keeps the number of nodes that have each image.
func (s *State) countImages(n *node, sign int) {
	for name := range n.images {
		if s.images[name] += sign; s.images[name] == 0 {
			delete(s.images, name)
		}
	}
}

// normalImage adds the tag that is meant when there is none.
func normalImage(name string) string {
	if strings.LastIndexByte(name, ':') <= strings.LastIndexByte(name, '/') {
		return name + ":latest"
	}
	return name
}
