package wire

import (
	"context"
	"log/slog"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"skiff/internal/client"
)

// controlPlaneRole is the label by which clients and manifests know the nodes
// of the control plane: it is what `kubectl get nodes` shows under ROLES.
const controlPlaneRole = "node-role.kubernetes.io/control-plane"

// keepControlPlaneRole labels the server's own node until ctx ends. The server
// does so itself: a kubelet may not say of itself what its role is. There is
// no taint with it, pods run there.
func keepControlPlaneRole(ctx context.Context, cfg *rest.Config, node string) error {
	clients, err := client.New(cfg, "skiff-addons")
	if err != nil {
		return err
	}
	patch := []byte(`{"metadata":{"labels":{"` + controlPlaneRole + `":""}}}`)
	nodes := clients.Kube.CoreV1().Nodes()
	err = awaitObject(ctx, node, nodes.List, nodes.Watch, func(n *corev1.Node) bool {
		if _, labelled := n.Labels[controlPlaneRole]; labelled {
			return false
		}
		if _, err := nodes.Patch(ctx, node, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil && ctx.Err() == nil {
			slog.Warn("the server's node is not labelled as control plane", "node", node, "error", err)
		}
		return false
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}
