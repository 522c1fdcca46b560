package endpointslice

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/backends"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

const workers = 4

// byService is the index of our slices by the Service that they are of.
const byService = "service"

// Controller writes EndpointSlices.
type Controller struct {
	kube     kubernetes.Interface
	events   record.EventRecorder
	services corelisters.ServiceLister
	pods     corelisters.PodLister
	nodes    corelisters.NodeLister
	slices   cache.Indexer
	writes   reconcile.Writes[reconcile.Key]
	loop     *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*Controller, error) {
	slices := factory.EndpointSlices().Informer()
	c := &Controller{
		kube: kube, events: events,
		services: factory.Services().Lister(), pods: factory.Pods().Lister(), nodes: factory.Nodes().Lister(), slices: slices.GetIndexer(),
	}
	if err := slices.AddIndexers(cache.Indexers{byService: indexByService}); err != nil {
		return nil, err
	}
	c.loop = reconcile.New("endpointslice", c.reconcile)
	backends.Watch(factory, c.loop.Add)
	reconcile.OnChange(slices, func(s *discoveryv1.EndpointSlice) {
		if key, ok := serviceOf(s); ok {
			c.loop.Add(key)
		}
	})
	reconcile.OnUpdate(factory.Nodes().Informer(), c.nodeChanged)
	return c, nil
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

func serviceOf(s *discoveryv1.EndpointSlice) (reconcile.Key, bool) {
	name := s.Labels[discoveryv1.LabelServiceName]
	if name == "" || s.Labels[discoveryv1.LabelManagedBy] != managedBy {
		return reconcile.Key{}, false
	}
	return reconcile.Key{Namespace: s.Namespace, Name: name}, true
}

func indexByService(obj any) ([]string, error) {
	if s, ok := obj.(*discoveryv1.EndpointSlice); ok {
		if key, ok := serviceOf(s); ok {
			return []string{key.String()}, nil
		}
	}
	return nil, nil
}

// nodeChanged looks at all Services when a node turns out to be in a zone that
// endpoints on it do not show. That is rare.
func (c *Controller) nodeChanged(old, n *corev1.Node, deleted bool) {
	if deleted || zoneOf(old) == zoneOf(n) {
		return
	}
	all, _ := c.services.List(labels.Everything()) // a cache does not fail
	for _, s := range all {
		c.loop.Add(reconcile.KeyOf(s))
	}
}

func zoneOf(n *corev1.Node) string {
	if n == nil {
		return ""
	}
	return n.Labels[corev1.LabelTopologyZone]
}

func (c *Controller) zone(node string) string {
	n, err := c.nodes.Get(node)
	if err != nil {
		return ""
	}
	return zoneOf(n)
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	s, err := c.services.Services(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		c.writes.Forget(key)
		return nil // its slices go with it: it owns them
	}
	if err != nil || s.DeletionTimestamp != nil || !backends.Managed(s) || !c.writes.Seen(key, c.slices.LastStoreSyncResourceVersion()) {
		return err
	}
	list, err := c.pods.Pods(key.Namespace).List(labels.SelectorFromValidatedSet(s.Spec.Selector))
	if err != nil {
		return err
	}
	do := decide(s, groups(s, list, c.zone), c.existing(key))
	if err := c.perform(ctx, key, do); err != nil {
		c.events.Eventf(s, corev1.EventTypeWarning, "FailedToUpdateEndpointSlices",
			"Error updating Endpoint Slices for Service %s/%s: %v", s.Namespace, s.Name, err)
		return fmt.Errorf("EndpointSlices of Service %s: %w", key, err)
	}
	return nil
}

func (c *Controller) existing(key reconcile.Key) (out []*discoveryv1.EndpointSlice) {
	found, err := c.slices.ByIndex(byService, key.String())
	if err != nil {
		panic(err) // New adds the index
	}
	for _, o := range found {
		if s := o.(*discoveryv1.EndpointSlice); s.DeletionTimestamp == nil {
			out = append(out, s)
		}
	}
	return out
}

func (c *Controller) perform(ctx context.Context, key reconcile.Key, do plan) error {
	api := c.kube.DiscoveryV1().EndpointSlices(key.Namespace)
	var errs []error
	note := func(s *discoveryv1.EndpointSlice, err error) {
		if err == nil && s != nil {
			c.writes.Created(key, s.ResourceVersion)
		}
		if !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			errs = append(errs, reconcile.IgnoreNotFound(err))
		}
	}
	for _, s := range do.create {
		note(api.Create(ctx, s, metav1.CreateOptions{}))
	}
	for _, s := range do.update {
		note(api.Update(ctx, s, metav1.UpdateOptions{}))
	}
	for _, s := range do.remove {
		note(nil, api.Delete(ctx, s.Name, metav1.DeleteOptions{}))
	}
	return errors.Join(errs...)
}
