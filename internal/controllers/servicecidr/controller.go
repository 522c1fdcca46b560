// Package servicecidr looks after the ranges that Services have their
// addresses from: it says whether one is ready, and keeps one that is being
// deleted for as long as Services have addresses that no other range holds.
//
// It reads ServiceCIDRs, and IPAddresses only while a ServiceCIDR is being
// deleted. It owns the Ready condition and the protecting finalizer of
// ServiceCIDRs.
package servicecidr

import (
	"context"
	"fmt"
	"slices"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	networkinglisters "k8s.io/client-go/listers/networking/v1"

	"skiff/internal/reconcile"

	"skiff/internal/client"
)

const (
	fieldManager = "service-cidrs-controller"
	finalizer    = "networking.k8s.io/service-cidr-finalizer"

	// settle is how long after the deletion was asked for every API server is
	// sure to have seen it, and gives no more addresses of the range.
	settle = 10 * time.Second
)

// Controller keeps status and finalizer of ServiceCIDRs.
type Controller struct {
	kube  kubernetes.Interface
	cidrs networkinglisters.ServiceCIDRLister
	loop  *reconcile.Loop[reconcile.Key]
	watch *addressWatch
}

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers) *Controller {
	cidrs := factory.ServiceCIDRs()
	c := &Controller{kube: kube, cidrs: cidrs.Lister()}
	c.loop = reconcile.New("servicecidr", c.reconcile)
	c.watch = &addressWatch{kube: kube, gone: c.addDeleting}
	// A range that comes or goes may free, or bind, one that is being deleted.
	reconcile.OnChange(cidrs.Informer(), func(o *networkingv1.ServiceCIDR) {
		c.loop.Add(reconcile.KeyOf(o))
		c.addDeleting()
	})
	return c
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	c.watch.ctx = ctx
	defer c.watch.stop()
	return c.loop.Run(ctx, 1)
}

// addDeleting has all ranges looked at that are being deleted.
func (c *Controller) addDeleting() {
	all, _ := c.cidrs.List(labels.Everything())
	deleting := false
	for _, o := range all {
		if o.DeletionTimestamp != nil {
			c.loop.Add(reconcile.KeyOf(o))
			deleting = true
		}
	}
	if !deleting {
		c.watch.stop()
	}
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	o, err := c.cidrs.Get(key.Name)
	if err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	if o.DeletionTimestamp != nil {
		err = c.deleting(ctx, o)
	} else {
		err = c.living(ctx, o)
	}
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("ServiceCIDR %s: %w", o.Name, err)
	}
	return nil
}

func (c *Controller) living(ctx context.Context, o *networkingv1.ServiceCIDR) error {
	if !slices.Contains(o.Finalizers, finalizer) {
		o = o.DeepCopy()
		o.Finalizers = append(o.Finalizers, finalizer)
		var err error
		if o, err = c.kube.NetworkingV1().ServiceCIDRs().Update(ctx, o, metav1.UpdateOptions{FieldManager: fieldManager}); err != nil {
			return err
		}
	}
	return c.condition(ctx, o, metav1.ConditionTrue, "", "Kubernetes Service CIDR is ready")
}

// deleting lets a range go once no Service needs it.
func (c *Controller) deleting(ctx context.Context, o *networkingv1.ServiceCIDR) error {
	if !slices.Contains(o.Finalizers, finalizer) {
		return nil
	}
	all, err := c.cidrs.List(labels.Everything())
	if err != nil {
		return err
	}
	if !covered(o, all) {
		c.watch.start()
		needed, err := c.needed(ctx, o, all)
		if err != nil {
			return err
		}
		if needed {
			return c.condition(ctx, o, metav1.ConditionFalse, networkingv1.ServiceCIDRReasonTerminating,
				"There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR")
		}
	}
	if left := settle - time.Since(o.DeletionTimestamp.Time); left > 0 {
		c.loop.AddAfter(reconcile.KeyOf(o), left)
		return nil
	}
	o = o.DeepCopy()
	o.Finalizers = slices.DeleteFunc(o.Finalizers, func(f string) bool { return f == finalizer })
	_, err = c.kube.NetworkingV1().ServiceCIDRs().Update(ctx, o, metav1.UpdateOptions{FieldManager: fieldManager})
	return err
}

// condition writes the Ready condition where it differs.
func (c *Controller) condition(ctx context.Context, o *networkingv1.ServiceCIDR, status metav1.ConditionStatus, reason, message string) error {
	o = o.DeepCopy()
	if !apimeta.SetStatusCondition(&o.Status.Conditions, metav1.Condition{
		Type: networkingv1.ServiceCIDRConditionReady, Status: status, Reason: reason, Message: message,
	}) {
		return nil
	}
	_, err := c.kube.NetworkingV1().ServiceCIDRs().UpdateStatus(ctx, o, metav1.UpdateOptions{FieldManager: fieldManager})
	return err
}
