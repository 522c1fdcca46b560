// Package resourcequota counts what the objects of a namespace use of its
// ResourceQuotas. Admission reserves for new objects in the same status; this
// controller finds what has gone, and what admission did not see.
//
// It reads ResourceQuotas, Pods, Services and PersistentVolumeClaims, and of
// each further kind that some quota counts the names, for as long as it does.
// It owns the status of quotas, which it shares with admission alone.
package resourcequota

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corelisters "k8s.io/client-go/listers/core/v1"

	"skiff/internal/api"
	"skiff/internal/api/quota"
	"skiff/internal/client"
	"skiff/internal/reconcile"
)

const (
	workers = 1
	// batch is how long changes are gathered before a quota is counted anew:
	// what uses a quota often comes and goes in numbers.
	batch = 100 * time.Millisecond
)

var (
	podResource     = schema.GroupResource{Resource: "pods"}
	serviceResource = schema.GroupResource{Resource: "services"}
	claimResource   = schema.GroupResource{Resource: "persistentvolumeclaims"}
)

// Controller reconciles ResourceQuotas.
type Controller struct {
	clients  client.Clients
	quotas   corelisters.ResourceQuotaLister
	pods     corelisters.PodLister
	services corelisters.ServiceLister
	claims   corelisters.PersistentVolumeClaimLister
	others   *counters
	loop     *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(clients client.Clients, factory *client.Informers) *Controller {
	c := &Controller{
		clients: clients, quotas: factory.ResourceQuotas().Lister(), pods: factory.Pods().Lister(),
		services: factory.Services().Lister(), claims: factory.PersistentVolumeClaims().Lister(),
	}
	c.others = newCounters(clients, c.changed)
	c.loop = reconcile.New("resourcequota", c.reconcile)
	reconcile.OnUpdate(factory.ResourceQuotas().Informer(), c.quotaChanged)
	reconcile.OnUpdate(factory.Pods().Informer(), c.podChanged)
	reconcile.OnUpdate(factory.Services().Informer(), func(old, s *corev1.Service, deleted bool) {
		c.objectChanged(serviceResource, object(old), s, deleted)
	})
	reconcile.OnUpdate(factory.PersistentVolumeClaims().Informer(), func(old, p *corev1.PersistentVolumeClaim, deleted bool) {
		c.objectChanged(claimResource, object(old), p, deleted)
	})
	return c
}

// object is o, or nil for a nil pointer.
func object[T any, P interface {
	*T
	api.Object
}](o P) api.Object {
	if o == nil {
		return nil
	}
	return o
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	defer c.others.wait()
	return c.loop.Run(ctx, workers)
}

// quotaChanged counts a quota that is new, or whose bounds are. A write of the
// status is admission's, or this controller's own.
func (c *Controller) quotaChanged(_, q *corev1.ResourceQuota, deleted bool) {
	if deleted || !equality.Semantic.DeepEqual(q.Spec.Hard, q.Status.Hard) || len(q.Status.Used) != len(q.Spec.Hard) {
		c.loop.Add(reconcile.KeyOf(q))
	}
}

func (c *Controller) podChanged(old, p *corev1.Pod, deleted bool) {
	c.objectChanged(podResource, object(old), p, deleted)
	if end := quota.ChargedUntil(p); !deleted && time.Now().Before(end) {
		c.wake(podResource, p.Namespace, time.Until(end)) // it may outlive its grace
	}
}

// objectChanged wakes the quotas that an object counts for, unless it uses what
// it used before.
func (c *Controller) objectChanged(gr schema.GroupResource, old, obj api.Object, deleted bool) {
	if c.unbounded(obj.GetNamespace()) {
		return
	}
	now := time.Now()
	if old != nil && !deleted && equality.Semantic.DeepEqual(quota.Usage(gr, old, now), quota.Usage(gr, obj, now)) {
		return
	}
	c.changed(gr, obj.GetNamespace())
}

func (c *Controller) unbounded(namespace string) bool {
	all, _ := c.quotas.ResourceQuotas(namespace).List(labels.Everything()) // a cache does not fail
	return len(all) == 0
}

func (c *Controller) changed(gr schema.GroupResource, namespace string) { c.wake(gr, namespace, batch) }

func (c *Controller) wake(gr schema.GroupResource, namespace string, after time.Duration) {
	all, _ := c.quotas.ResourceQuotas(namespace).List(labels.Everything())
	for _, q := range all {
		if quota.Resources(q)[gr] {
			c.loop.AddAfter(reconcile.KeyOf(q), after)
		}
	}
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	q, err := c.quotas.ResourceQuotas(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return c.follow(ctx)
	}
	if err != nil {
		return err
	}
	if err := c.follow(ctx); err != nil {
		return err
	}
	next := quota.Status(q, time.Now(), func(gr schema.GroupResource, f func(api.Object)) { c.each(gr, q.Namespace, f) })
	if equality.Semantic.DeepEqual(q.Status, next) {
		return nil
	}
	q = q.DeepCopy()
	q.Status = next
	_, err = c.clients.Kube.CoreV1().ResourceQuotas(q.Namespace).UpdateStatus(ctx, q, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("status of ResourceQuota %s: %w", key, err)
	}
	return nil
}

// follow sees to it that exactly the kinds are counted that quotas name.
func (c *Controller) follow(ctx context.Context) error {
	all, err := c.quotas.List(labels.Everything())
	if err != nil {
		return err
	}
	wanted := map[schema.GroupResource]bool{}
	for _, q := range all {
		for gr := range quota.Resources(q) {
			if gr != podResource && gr != serviceResource && gr != claimResource {
				wanted[gr] = true
			}
		}
	}
	return c.others.follow(ctx, wanted)
}

// each calls f with the objects of a resource in a namespace.
func (c *Controller) each(gr schema.GroupResource, namespace string, f func(api.Object)) {
	switch gr {
	case podResource:
		list, _ := c.pods.Pods(namespace).List(labels.Everything())
		eachOf(list, f)
	case serviceResource:
		list, _ := c.services.Services(namespace).List(labels.Everything())
		eachOf(list, f)
	case claimResource:
		list, _ := c.claims.PersistentVolumeClaims(namespace).List(labels.Everything())
		eachOf(list, f)
	default:
		// Of these only the number counts.
		nameless := &metav1.PartialObjectMetadata{}
		for range c.others.count(gr, namespace) {
			f(nameless)
		}
	}
}

func eachOf[T api.Object](list []T, f func(api.Object)) {
	for _, o := range list {
		f(o)
	}
}
