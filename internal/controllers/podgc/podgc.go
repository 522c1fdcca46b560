// Package podgc removes pods that no kubelet will ever remove: those of nodes
// that are gone, those deleted before they had a node, those on nodes declared
// out of service, and the oldest of too many that have ended.
//
// It reads Pods and Nodes, and deletes Pods without a grace period.
package podgc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/controllers/pods"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

const (
	// quarantine is how long a node must be missing before its pods go: it may
	// be about to register again.
	quarantine = 40 * time.Second
	// keepEnded is how many pods that have ended are kept.
	keepEnded = 12500
)

// reason is why a pod must go; empty: it may stay.
type reason string

const (
	stays       reason = ""
	unscheduled reason = "PodGC: pod was deleted before it had a node"
	orphaned    reason = "PodGC: node no longer exists"
	abandoned   reason = "PodGC: node is out of service"
)

// decide says why a pod must go. n is its node, nil when there is none.
func decide(p *corev1.Pod, n *corev1.Node) reason {
	switch {
	case p.Spec.NodeName == "":
		if p.DeletionTimestamp != nil {
			return unscheduled
		}
	case n == nil:
		return orphaned
	case p.DeletionTimestamp != nil && outOfService(n):
		return abandoned
	}
	return stays
}

func outOfService(n *corev1.Node) bool {
	down := !slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
	return down && slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeOutOfService })
}

// surplus returns the oldest of the pods that have ended beyond keep.
func surplus(all []*corev1.Pod, keep int) []*corev1.Pod {
	ended := slices.DeleteFunc(slices.Clone(all), func(p *corev1.Pod) bool { return !pods.Terminal(p) || p.DeletionTimestamp != nil })
	if len(ended) <= keep {
		return nil
	}
	slices.SortFunc(ended, func(a, b *corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return ended[:len(ended)-keep]
}

// Controller removes pods.
type Controller struct {
	kube   kubernetes.Interface
	pods   corelisters.PodLister
	podIdx cache.Indexer
	nodes  corelisters.NodeLister
	loop   *reconcile.Loop[reconcile.Key] // the empty key stands for all that have ended
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers) *Controller {
	informer := factory.Pods().Informer()
	c := &Controller{kube: kube, pods: factory.Pods().Lister(), podIdx: informer.GetIndexer(), nodes: factory.Nodes().Lister()}
	if err := pods.AddNodeIndex(informer); err != nil {
		panic(err) // the informer runs already: controllers are made before
	}
	c.loop = reconcile.New("podgc", c.reconcile)
	reconcile.OnUpdate(informer, c.podChanged)
	reconcile.OnUpdate(factory.Nodes().Informer(), c.nodeChanged)
	return c
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, 2) }

func (c *Controller) podChanged(old, p *corev1.Pod, deleted bool) {
	if deleted {
		return
	}
	if pods.Terminal(p) && (old == nil || !pods.Terminal(old)) {
		c.loop.AddAfter(reconcile.Key{}, time.Second) // many may end at the same time
	}
	switch n, _ := c.nodes.Get(p.Spec.NodeName); {
	case p.Spec.NodeName != "" && n == nil:
		c.loop.AddAfter(reconcile.KeyOf(p), quarantine)
	case decide(p, n) != stays:
		c.loop.Add(reconcile.KeyOf(p))
	}
}

func (c *Controller) nodeChanged(_, n *corev1.Node, deleted bool) {
	if !deleted && !outOfService(n) {
		return
	}
	wait := time.Duration(0)
	if deleted {
		wait = quarantine
	}
	for _, p := range pods.OnNode(c.podIdx, n.Name) {
		c.loop.AddAfter(reconcile.KeyOf(p), wait)
	}
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	if key == (reconcile.Key{}) {
		return c.trim(ctx)
	}
	p, err := c.pods.Pods(key.Namespace).Get(key.Name)
	if err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	n, err := c.nodeOf(ctx, p)
	if err != nil {
		return err
	}
	if why := decide(p, n); why != stays {
		return c.remove(ctx, p, why)
	}
	return nil
}

// nodeOf returns the pod's node. That it is gone is believed only when the API
// server says so.
func (c *Controller) nodeOf(ctx context.Context, p *corev1.Pod) (*corev1.Node, error) {
	if p.Spec.NodeName == "" {
		return nil, nil
	}
	if n, err := c.nodes.Get(p.Spec.NodeName); err == nil {
		return n, nil
	}
	n, err := c.kube.CoreV1().Nodes().Get(ctx, p.Spec.NodeName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return n, err
}

func (c *Controller) trim(ctx context.Context) error {
	all, err := c.pods.List(labels.Everything())
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range surplus(all, keepEnded) {
		errs = append(errs, c.remove(ctx, p, stays))
	}
	return errors.Join(errs...)
}

// remove marks a pod that did not end by itself as failed, so that whoever
// counts pods knows, and deletes it.
func (c *Controller) remove(ctx context.Context, p *corev1.Pod, why reason) error {
	if !pods.Terminal(p) && p.Spec.NodeName != "" {
		if err := c.fail(ctx, p, why); err != nil {
			return err
		}
	}
	now := int64(0)
	err := c.kube.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &p.UID},
	})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("pod %s/%s: %w", p.Namespace, p.Name, err)
	}
	return nil
}

func (c *Controller) fail(ctx context.Context, p *corev1.Pod, why reason) error {
	status := map[string]any{"phase": corev1.PodFailed}
	if why == orphaned {
		status["conditions"] = []corev1.PodCondition{{
			Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "DeletionByPodGC",
			Message: string(why), LastTransitionTime: metav1.Now(),
		}}
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.UID}, "status": status})
	if err != nil {
		return err
	}
	_, err = c.kube.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return reconcile.IgnoreNotFound(err)
}
