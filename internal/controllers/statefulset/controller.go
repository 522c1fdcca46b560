package statefulset

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/claim"
	"skiff/internal/controllers/history"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

var kind = appsv1.SchemeGroupVersion.WithKind("StatefulSet")

const workers = 5

// Controller reconciles StatefulSets.
type Controller struct {
	kube    kubernetes.Interface
	events  record.EventRecorder
	history history.Keeper
	sets    appslisters.StatefulSetLister
	claims  corelisters.PersistentVolumeClaimLister
	pods    cache.Indexer
	writes  reconcile.Writes[reconcile.Key]
	loop    *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*Controller, error) {
	sets, claims := factory.StatefulSets(), factory.PersistentVolumeClaims()
	revisions, pods := factory.ControllerRevisions().Informer(), factory.Pods().Informer()
	claims.Informer() // asked for
	c := &Controller{
		kube: kube, events: events, history: history.Keeper{Kube: kube, Revisions: revisions.GetIndexer()},
		sets: sets.Lister(), claims: claims.Lister(), pods: pods.GetIndexer(),
	}
	if err := errors.Join(claim.AddIndex(revisions), claim.AddIndex(pods)); err != nil {
		return nil, err
	}
	c.loop = reconcile.New("statefulset", c.reconcile)
	reconcile.OnUpdate(sets.Informer(), func(_, set *appsv1.StatefulSet, deleted bool) {
		if deleted {
			c.writes.Forget(reconcile.KeyOf(set))
		}
		c.loop.Add(reconcile.KeyOf(set))
	})
	reconcile.OnUpdate(pods, func(old, p *corev1.Pod, deleted bool) { changed(c, old, p, deleted) })
	reconcile.OnUpdate(revisions, func(old, r *appsv1.ControllerRevision, deleted bool) { changed(c, old, r, deleted) })
	return c, nil
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

// changed wakes the StatefulSets that an object matters to.
func changed[T metav1.Object](c *Controller, old, obj T, deleted bool) {
	owners := claim.Owners[*appsv1.StatefulSet]{
		Kind: kind.Kind,
		List: func(namespace string) []*appsv1.StatefulSet {
			all, _ := c.sets.StatefulSets(namespace).List(labels.Everything()) // a cache does not fail
			return all
		},
		Selector: func(set *appsv1.StatefulSet) *metav1.LabelSelector { return set.Spec.Selector },
	}
	for _, key := range claim.Interested(owners, old, obj, deleted) {
		c.loop.Add(key)
	}
}
