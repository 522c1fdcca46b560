package admission

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"skiff/internal/api/core"
	"skiff/internal/apiserver/authn"
	"skiff/internal/pki"
)

// NetworkRestriction narrows what the pod network of a node may write, which
// its role says for all nodes, to its own Node: to its annotations, where it
// announces its end of the tunnels, and to the condition NetworkUnavailable.
type NetworkRestriction struct{}

// Name implements Plugin.
func (NetworkRestriction) Name() string { return "NetworkRestriction" }

// Validate implements Validator. It sees what would be stored.
func (NetworkRestriction) Validate(_ context.Context, r *Request) error {
	own, ok := networkOf(r.User)
	if !ok || r.Resource.GroupResource() != core.Node.GroupResource() {
		return nil
	}
	if name := r.name(); name != own {
		return r.forbid(fmt.Sprintf("the pod network of node %q is not allowed to modify node %q", own, name))
	}
	old, wasNode := r.Old.(*corev1.Node)
	now, isNode := r.Object.(*corev1.Node)
	if !wasNode || !isNode || !equality.Semantic.DeepEqual(notTheNetworks(old), notTheNetworks(now)) {
		return r.forbid("a pod network is only allowed to modify the annotations and the condition NetworkUnavailable of its node")
	}
	return nil
}

// networkOf is the name of the node whose pod network the user is.
func networkOf(u *authn.User) (string, bool) {
	if u == nil || !slices.Contains(u.Groups, pki.NetworksGroup) {
		return "", false
	}
	node, ok := pki.NodeOfNetwork(u.Name)
	if !ok {
		node = "" // of no node, but restricted all the same
	}
	return node, true
}

// notTheNetworks is the node without what its pod network may change, and
// without what every write changes.
func notTheNetworks(node *corev1.Node) *corev1.Node {
	rest := *node
	rest.Annotations, rest.ManagedFields, rest.ResourceVersion, rest.Generation = nil, nil, "", 0
	rest.Status.Conditions = slices.DeleteFunc(slices.Clone(node.Status.Conditions), func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeNetworkUnavailable
	})
	return &rest
}
