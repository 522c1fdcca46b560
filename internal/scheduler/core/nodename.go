package core

var wrongName = &Rejection{Plugin: NodeName, Reasons: []string{"node(s) didn't match the requested node name"}, Unresolvable: true}

// nodeName admits only the node that spec.nodeName asks for.
func nodeName(p *Pod, n *node) *Rejection {
	if p.Spec.NodeName != "" && p.Spec.NodeName != n.Name {
		return wrongName
	}
	return nil
}
