package network

import (
	"context"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// nodes follows the Node objects and speaks on this node's own.
type nodes struct {
	client  typedcore.CoreV1Interface
	self    string
	store   cache.Store
	changed chan struct{}             // holds one when something that matters has changed
	synced  <-chan struct{}           // closed when all nodes are known
	run     func(ctx context.Context) // watches, until ctx ends
}

func newNodes(cfg Config) (*nodes, error) {
	config := rest.CopyConfig(cfg.Client)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := typedcore.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	n := &nodes{client: client, self: cfg.NodeName, changed: make(chan struct{}, 1)}
	store, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.NewListWatchFromClient(client.RESTClient(), "nodes", "", fields.Everything()),
		ObjectType:    &corev1.Node{},
		Transform:     slimNode,
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { n.signal() },
			DeleteFunc: func(any) { n.signal() },
			UpdateFunc: func(before, now any) {
				if matters(before.(*corev1.Node), now.(*corev1.Node)) {
					n.signal()
				}
			},
		},
	})
	n.store, n.synced, n.run = store, informer.HasSyncedChecker().Done(), informer.RunWithContext
	return n, nil
}

func (n *nodes) signal() {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// slimNode keeps of a Node what this package reads: there may be thousands.
func slimNode(obj any) (any, error) {
	node, ok := obj.(*corev1.Node)
	if !ok {
		return obj, nil
	}
	slim := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, ResourceVersion: node.ResourceVersion},
		Spec:       corev1.NodeSpec{PodCIDR: node.Spec.PodCIDR, PodCIDRs: node.Spec.PodCIDRs},
	}
	for _, key := range []string{annotationMAC, annotationVNI, annotationIP} {
		if value, ok := node.Annotations[key]; ok {
			metav1.SetMetaDataAnnotation(&slim.ObjectMeta, key, value)
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeNetworkUnavailable {
			slim.Status.Conditions = append(slim.Status.Conditions, condition)
		}
	}
	return slim, nil
}

// matters says whether an update is more than a heartbeat.
func matters(before, now *corev1.Node) bool {
	p, ok := peerOf(before)
	q, stillOK := peerOf(now)
	a, _ := podCIDROf(before)
	b, _ := podCIDROf(now)
	return p != q || ok != stillOK || a != b || networkIsUp(before) != networkIsUp(now)
}

// own is this node's object; nil while there is none.
func (n *nodes) own() *corev1.Node {
	obj, exists, err := n.store.GetByKey(n.self)
	if err != nil || !exists {
		return nil
	}
	return obj.(*corev1.Node)
}

func (n *nodes) all() []*corev1.Node {
	var list []*corev1.Node
	for _, obj := range n.store.List() {
		list = append(list, obj.(*corev1.Node))
	}
	return list
}

// announce writes this end of the tunnel on the own Node, and that its network
// works, unless the Node says both already.
func (n *nodes) announce(ctx context.Context, node *corev1.Node, v vtep) error {
	if !announced(node, v) {
		patch := map[string]any{"metadata": map[string]any{"annotations": announcement(v)}}
		if err := n.patch(ctx, types.MergePatchType, patch); err != nil {
			return err
		}
	}
	if networkIsUp(node) {
		return nil
	}
	now := metav1.Now()
	patch := map[string]any{"status": map[string]any{"conditions": []corev1.NodeCondition{{
		Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse,
		Reason: "SkiffIsUp", Message: "skiff's pod network runs on this node",
		LastHeartbeatTime: now, LastTransitionTime: now,
	}}}}
	return n.patch(ctx, types.StrategicMergePatchType, patch, "status")
}

func (n *nodes) patch(ctx context.Context, kind types.PatchType, patch any, subresources ...string) error {
	data, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = n.client.Nodes().Patch(ctx, n.self, kind, data, metav1.PatchOptions{FieldManager: "skiff-network"}, subresources...)
	return err
}

func networkIsUp(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeNetworkUnavailable {
			return condition.Status == corev1.ConditionFalse
		}
	}
	return false
}
