package core

var wrongLabels = &Rejection{Plugin: NodeAffinity, Reasons: []string{"node(s) didn't match Pod's node affinity/selector"}, Unresolvable: true}

// nodeAffinity admits nodes that spec.nodeSelector and the required node
// affinity select.
func nodeAffinity(p *Pod, n *node) *Rejection {
	if ok, err := p.nodeAffinity.Match(n.Node); err != nil || !ok {
		return wrongLabels
	}
	return nil
}

// nodeLiking sums the weights of the preferred terms that the node meets.
func nodeLiking(p *Pod, n *node) int32 {
	if p.preferred == nil {
		return 0
	}
	return int32(p.preferred.Score(n.Node))
}
