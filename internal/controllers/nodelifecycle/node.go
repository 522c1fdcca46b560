package nodelifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/pods"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

// Controller watches over nodes and evicts pods.
type Controller struct {
	kube    kubernetes.Interface
	events  record.EventRecorder
	nodes   corelisters.NodeLister
	podList corelisters.PodLister
	podIdx  cache.Indexer
	loop    *reconcile.Loop[string]
	evictor *reconcile.Loop[reconcile.Key]
	grace   time.Duration // how long a kubelet may be silent

	mu    sync.Mutex
	heard map[string]time.Time // when each node's kubelet gave a sign of life
}

// New makes the controller and asks the informers for what it reads. A kubelet
// may be silent for grace; 0: DefaultGrace.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder, grace time.Duration) *Controller {
	if grace == 0 {
		grace = DefaultGrace
	}
	podInformer := factory.Pods().Informer()
	c := &Controller{
		kube: kube, events: events, grace: grace, heard: map[string]time.Time{},
		nodes: factory.Nodes().Lister(), podList: factory.Pods().Lister(), podIdx: podInformer.GetIndexer(),
	}
	if err := pods.AddNodeIndex(podInformer); err != nil {
		panic(err) // the informer runs already: controllers are made before
	}
	c.loop = reconcile.New("nodelifecycle", c.reconcile)
	c.evictor = reconcile.New("taint-eviction", c.evict)
	reconcile.OnUpdate(factory.Nodes().Informer(), c.nodeChanged)
	reconcile.OnChange(factory.Leases().Informer(), c.leaseChanged)
	reconcile.OnUpdate(podInformer, c.podChanged)
	return c
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { _ = c.evictor.Run(ctx, 4) })
	defer wg.Wait()
	return c.loop.Run(ctx, 4)
}

// leaseChanged notes a sign of life. It costs nothing more, unless the node
// was given up.
func (c *Controller) leaseChanged(l *coordinationv1.Lease) {
	if l.Namespace != corev1.NamespaceNodeLease {
		return
	}
	c.hear(l.Name)
	if n, err := c.nodes.Get(l.Name); err == nil && ready(n) == corev1.ConditionUnknown {
		c.loop.Add(l.Name)
	}
}

func (c *Controller) hear(node string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard[node] = time.Now()
}

func (c *Controller) nodeChanged(old, n *corev1.Node, deleted bool) {
	if deleted {
		c.mu.Lock()
		delete(c.heard, n.Name)
		c.mu.Unlock()
		return
	}
	if old == nil {
		c.events.Eventf(n, corev1.EventTypeNormal, "RegisteredNode", "Node %s event: Registered Node %s in Controller", n.Name, n.Name)
	}
	if old == nil || !heartbeat(old).Equal(heartbeat(n)) {
		c.hear(n.Name)
	}
	if old == nil || !apiequality.Semantic.DeepEqual(old.Status.Conditions, n.Status.Conditions) ||
		!apiequality.Semantic.DeepEqual(old.Spec, n.Spec) {
		c.loop.Add(n.Name)
	}
	if old != nil && ready(old) != ready(n) {
		c.wakeUnready()
	}
	if old == nil || !apiequality.Semantic.DeepEqual(old.Spec.Taints, n.Spec.Taints) {
		for _, p := range pods.OnNode(c.podIdx, n.Name) {
			c.evictor.Add(reconcile.KeyOf(p))
		}
	}
}

func heartbeat(n *corev1.Node) *metav1.Time {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type == corev1.NodeReady && n.Status.Conditions[i].Status != corev1.ConditionUnknown {
			return &n.Status.Conditions[i].LastHeartbeatTime
		}
	}
	return nil
}

// wakeUnready has the nodes looked at whose evictions depend on whether any
// node is ready.
func (c *Controller) wakeUnready() {
	all, _ := c.nodes.List(labels.Everything()) // a cache does not fail
	for _, n := range all {
		if ready(n) != corev1.ConditionTrue {
			c.loop.Add(n.Name)
		}
	}
}

func (c *Controller) reconcile(ctx context.Context, name string) error {
	n, err := c.nodes.Get(name)
	if err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	if n, err = c.checkLife(ctx, n); err != nil {
		return err
	}
	all, err := c.nodes.List(labels.Everything())
	if err != nil {
		return err
	}
	if err := c.taint(ctx, n, evictions(all)); err != nil {
		return err
	}
	if ready(n) == corev1.ConditionTrue {
		return nil
	}
	return c.unreadyPods(ctx, n)
}

// checkLife marks a node whose kubelet was silent for too long, and has it
// looked at again when it could be.
func (c *Controller) checkLife(ctx context.Context, n *corev1.Node) (*corev1.Node, error) {
	c.mu.Lock()
	heard, ok := c.heard[n.Name]
	c.mu.Unlock()
	if !ok {
		return n, nil // its removal is on the way here
	}
	if left := time.Until(heard.Add(c.grace)); left > 0 {
		c.loop.AddAfter(n.Name, left)
		return n, nil
	}
	conditions, changed := silence(n, time.Now())
	if !changed {
		return n, nil
	}
	n = n.DeepCopy()
	n.Status.Conditions = conditions
	n, err := c.kube.CoreV1().Nodes().UpdateStatus(ctx, n, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("status of node: %w", err)
	}
	c.events.Eventf(n, corev1.EventTypeNormal, "NodeNotReady", "Node %s status is now: NodeNotReady", n.Name)
	return n, nil
}

func (c *Controller) taint(ctx context.Context, n *corev1.Node, evictions bool) error {
	wanted, changed := taints(n, evictions, time.Now())
	if !changed {
		return nil
	}
	n = n.DeepCopy()
	n.Spec.Taints = wanted
	_, err := c.kube.CoreV1().Nodes().Update(ctx, n, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("taints of node %s: %w", n.Name, err)
	}
	return nil
}

// unreadyPods takes the pods of a node that is not ready out of their
// Services.
func (c *Controller) unreadyPods(ctx context.Context, n *corev1.Node) error {
	var errs []error
	for _, p := range pods.OnNode(c.podIdx, n.Name) {
		if !pods.Ready(p) {
			continue
		}
		p = p.DeepCopy()
		ready := pods.Condition(p, corev1.PodReady)
		ready.Status, ready.LastTransitionTime = corev1.ConditionFalse, metav1.Now()
		_, err := c.kube.CoreV1().Pods(p.Namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{})
		if err == nil {
			c.events.Event(p, corev1.EventTypeWarning, "NodeNotReady", "Node is not ready")
		}
		errs = append(errs, reconcile.IgnoreNotFound(err))
	}
	return errors.Join(errs...)
}
