package daemonset

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/flowcontrol"

	"skiff/internal/controllers/claim"
	"skiff/internal/controllers/history"
	"skiff/internal/controllers/podcontrol"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

var kind = appsv1.SchemeGroupVersion.WithKind("DaemonSet")

const workers = 2

// Controller reconciles DaemonSets.
type Controller struct {
	kube     kubernetes.Interface
	events   record.EventRecorder
	control  podcontrol.Control
	history  history.Keeper
	sets     appslisters.DaemonSetLister
	nodes    corelisters.NodeLister
	pods     cache.Indexer
	writes   reconcile.Writes[reconcile.Key]
	failures *flowcontrol.Backoff // by DaemonSet and node
	loop     *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*Controller, error) {
	sets, nodes := factory.DaemonSets(), factory.Nodes()
	revisions, pods := factory.ControllerRevisions().Informer(), factory.Pods().Informer()
	c := &Controller{
		kube: kube, events: events, history: history.Keeper{Kube: kube, Revisions: revisions.GetIndexer()},
		sets: sets.Lister(), nodes: nodes.Lister(), pods: pods.GetIndexer(),
		failures: flowcontrol.NewBackOff(firstRetry, lastRetry),
	}
	c.control = podcontrol.Control{Kube: kube, Events: events, Writes: &c.writes}
	if err := errors.Join(claim.AddIndex(revisions), claim.AddIndex(pods)); err != nil {
		return nil, err
	}
	c.loop = reconcile.New("daemonset", c.reconcile)
	reconcile.OnUpdate(sets.Informer(), func(_, ds *appsv1.DaemonSet, deleted bool) {
		if deleted {
			c.writes.Forget(reconcile.KeyOf(ds))
		}
		c.loop.Add(reconcile.KeyOf(ds))
	})
	reconcile.OnUpdate(pods, func(old, p *corev1.Pod, deleted bool) { changed(c, old, p, deleted) })
	reconcile.OnUpdate(revisions, func(old, r *appsv1.ControllerRevision, deleted bool) { changed(c, old, r, deleted) })
	reconcile.OnUpdate(nodes.Informer(), c.nodeChanged)
	return c, nil
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

// changed wakes the DaemonSets that an object matters to.
func changed[T metav1.Object](c *Controller, old, obj T, deleted bool) {
	owners := claim.Owners[*appsv1.DaemonSet]{
		Kind: kind.Kind,
		List: func(namespace string) []*appsv1.DaemonSet {
			all, _ := c.sets.DaemonSets(namespace).List(labels.Everything()) // a cache does not fail
			return all
		},
		Selector: func(ds *appsv1.DaemonSet) *metav1.LabelSelector { return ds.Spec.Selector },
	}
	for _, key := range claim.Interested(owners, old, obj, deleted) {
		c.loop.Add(key)
	}
}

// nodeChanged wakes all DaemonSets, but only when what they judge a node by
// has changed: nodes report their state much more often.
func (c *Controller) nodeChanged(old, node *corev1.Node, deleted bool) {
	if old != nil && !deleted && apiequality.Semantic.DeepEqual(old.Labels, node.Labels) &&
		apiequality.Semantic.DeepEqual(old.Spec.Taints, node.Spec.Taints) {
		return
	}
	all, _ := c.sets.List(labels.Everything())
	for _, ds := range all {
		c.loop.Add(reconcile.KeyOf(ds))
	}
}
