// Package endpoints writes the Endpoints object of every Service with a
// selector: the older form of EndpointSlices, which some clients still read.
//
// It reads Services and Pods; it owns the Endpoints of the Services' names.
// decide is the decision, the rest carries it out.
package endpoints

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/backends"
	"skiff/internal/controllers/pods"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

const (
	workers = 4
	// maxAddresses is how many addresses an object lists at most; beyond,
	// readers should turn to EndpointSlices.
	maxAddresses = 1000

	managedByLabel = "endpoints.kubernetes.io/managed-by"
	managedBy      = "endpoint-controller"
)

// decide computes what the Endpoints of s should hold.
func decide(s *corev1.Service, list []*corev1.Pod) (subsets []corev1.EndpointSubset, truncated bool) {
	six := backends.Families(s)[0]
	bySort := map[string]*corev1.EndpointSubset{}
	var order []string
	slices.SortFunc(list, func(a, b *corev1.Pod) int {
		return cmp.Or(bytes.Compare(raw(backends.Address(a, six)), raw(backends.Address(b, six))), cmp.Compare(a.UID, b.UID))
	})
	n := 0
	for _, p := range list {
		addr := backends.Address(p, six)
		if !backends.Included(p) || addr == "" || p.DeletionTimestamp != nil && !s.Spec.PublishNotReadyAddresses {
			continue
		}
		ports := backends.Ports(s, p)
		if len(ports) == 0 && !backends.Headless(s) {
			continue
		}
		if n++; n > maxAddresses {
			return ordered(bySort, order), true
		}
		key := fmt.Sprint(ports)
		if bySort[key] == nil {
			bySort[key] = &corev1.EndpointSubset{Ports: subsetPorts(ports)}
			order = append(order, key)
		}
		add(bySort[key], s, p, addr)
	}
	return ordered(bySort, order), false
}

func add(to *corev1.EndpointSubset, s *corev1.Service, p *corev1.Pod, addr string) {
	a := corev1.EndpointAddress{IP: addr, TargetRef: backends.Ref(p), Hostname: backends.Hostname(s, p)}
	if p.Spec.NodeName != "" {
		a.NodeName = &p.Spec.NodeName
	}
	if s.Spec.PublishNotReadyAddresses || pods.Ready(p) {
		to.Addresses = append(to.Addresses, a)
	} else {
		to.NotReadyAddresses = append(to.NotReadyAddresses, a)
	}
}

func ordered(bySort map[string]*corev1.EndpointSubset, order []string) (out []corev1.EndpointSubset) {
	slices.Sort(order)
	for _, key := range order {
		out = append(out, *bySort[key])
	}
	return out
}

func raw(addr string) []byte {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return nil
	}
	return a.AsSlice()
}

func subsetPorts(ports []backends.Port) (out []corev1.EndpointPort) {
	for _, p := range ports {
		ep := corev1.EndpointPort{Name: p.Name, Port: p.Number, Protocol: p.Protocol}
		if p.AppProtocol != "" {
			ep.AppProtocol = &p.AppProtocol
		}
		out = append(out, ep)
	}
	return out
}

// Controller writes Endpoints.
type Controller struct {
	kube      kubernetes.Interface
	events    record.EventRecorder
	services  corelisters.ServiceLister
	pods      corelisters.PodLister
	endpoints corelisters.EndpointsLister
	loop      *reconcile.Loop[reconcile.Key]
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) *Controller {
	c := &Controller{
		kube: kube, events: events,
		services: factory.Services().Lister(), pods: factory.Pods().Lister(), endpoints: factory.Endpoints().Lister(),
	}
	c.loop = reconcile.New("endpoints", c.reconcile)
	backends.Watch(factory, c.loop.Add)
	reconcile.OnChange(factory.Endpoints().Informer(), func(e *corev1.Endpoints) { c.loop.Add(reconcile.KeyOf(e)) })
	return c
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, workers) }

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	have, err := c.endpoints.Endpoints(key.Namespace).Get(key.Name)
	if err != nil {
		have = nil
	}
	s, err := c.services.Services(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return c.remove(ctx, have)
	}
	if err != nil || !backends.Managed(s) {
		return err
	}
	list, err := c.pods.Pods(key.Namespace).List(labels.SelectorFromValidatedSet(s.Spec.Selector))
	if err != nil {
		return err
	}
	if err := c.write(ctx, have, wanted(s, list, have)); err != nil {
		c.events.Eventf(s, corev1.EventTypeWarning, "FailedToUpdateEndpoint", "Failed to update endpoint %s: %v", key, err)
		return fmt.Errorf("Endpoints %s: %w", key, err)
	}
	return nil
}

// remove deletes what is left of a Service that is gone, if it is ours.
func (c *Controller) remove(ctx context.Context, have *corev1.Endpoints) error {
	if have == nil || have.Labels[managedByLabel] != managedBy {
		return nil
	}
	return reconcile.IgnoreNotFound(c.kube.CoreV1().Endpoints(have.Namespace).Delete(ctx, have.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &have.UID},
	}))
}

// wanted is what the object should be; annotations of others stay.
func wanted(s *corev1.Service, list []*corev1.Pod, have *corev1.Endpoints) *corev1.Endpoints {
	e := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name}}
	if have != nil {
		e = have.DeepCopy()
	}
	var truncated bool
	e.Subsets, truncated = decide(s, list)
	e.Labels = backends.Labels(s, map[string]string{managedByLabel: managedBy})
	if truncated {
		metav1.SetMetaDataAnnotation(&e.ObjectMeta, corev1.EndpointsOverCapacity, "truncated")
	} else {
		delete(e.Annotations, corev1.EndpointsOverCapacity)
	}
	return e
}

func (c *Controller) write(ctx context.Context, have, want *corev1.Endpoints) error {
	api := c.kube.CoreV1().Endpoints(want.Namespace)
	var err error
	switch {
	case have == nil:
		_, err = api.Create(ctx, want, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			return nil // the informer will show it; or nothing can be made there any more
		}
	case apiequality.Semantic.DeepEqual(have.Subsets, want.Subsets) && maps.Equal(have.Labels, want.Labels) &&
		maps.Equal(have.Annotations, want.Annotations):
		return nil
	default:
		_, err = api.Update(ctx, want, metav1.UpdateOptions{})
	}
	return err
}
