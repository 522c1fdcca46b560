// Package pernamespace is the loop of controllers that keep one object of a
// fixed name in every namespace: the default ServiceAccount, the root CA's
// ConfigMap.
//
// It reads Namespaces, and through an informer of their own the objects of
// that name only, however many others there are.
package pernamespace

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/client"
	"skiff/internal/reconcile"
)

// Ensure brings about the object in a namespace that is not being deleted.
type Ensure func(ctx context.Context, namespace string) error

// Controller calls Ensure for every namespace, and again when its object changes.
type Controller struct {
	namespaces corelisters.NamespaceLister
	objects    *client.Informers
	ensure     Ensure
	loop       *reconcile.Loop[string]
}

// Named selects objects by name.
func Named(name string) string {
	return fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
}

// New makes a controller. objects is its own factory, of which informer is the
// only one used.
func New(name string, factory, objects *client.Informers, informer cache.SharedIndexInformer, ensure Ensure) *Controller {
	namespaces := factory.Namespaces()
	c := &Controller{namespaces: namespaces.Lister(), objects: objects, ensure: ensure}
	c.loop = reconcile.New(name, c.reconcile)
	reconcile.OnChange(namespaces.Informer(), func(ns *corev1.Namespace) { c.loop.Add(ns.Name) })
	reconcile.OnChange(informer, func(o metav1.Object) { c.loop.Add(o.GetNamespace()) })
	return c
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	defer c.objects.Shutdown()
	if err := c.objects.Sync(ctx); err != nil {
		return err
	}
	return c.loop.Run(ctx, 1)
}

func (c *Controller) reconcile(ctx context.Context, name string) error {
	ns, err := c.namespaces.Get(name)
	if err != nil || ns.DeletionTimestamp != nil || ns.Status.Phase == corev1.NamespaceTerminating {
		return reconcile.IgnoreNotFound(err)
	}
	err = c.ensure(ctx, name)
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) || apierrors.IsNotFound(err) {
		return nil // it is on its way out, and the news of it on its way here
	}
	return err
}
