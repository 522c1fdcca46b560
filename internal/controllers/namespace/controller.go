package namespace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"

	"skiff/internal/client"
	"skiff/internal/reconcile"
)

const workers = 4

// errLeft makes the loop try again, later and later, while something is left
// whose going no informer tells of.
var errLeft = errors.New("not empty yet")

// Controller empties namespaces.
type Controller struct {
	client.Clients
	namespaces corelisters.NamespaceLister
	loop       *reconcile.Loop[string]
}

// New makes the controller and asks the informers for what it reads.
func New(c client.Clients, factory *client.Informers) *Controller {
	namespaces := factory.Namespaces()
	n := &Controller{Clients: c, namespaces: namespaces.Lister()}
	n.loop = reconcile.New("namespace", n.reconcile)
	reconcile.OnUpdate(namespaces.Informer(), func(_, ns *corev1.Namespace, deleted bool) {
		if !deleted && ns.DeletionTimestamp != nil {
			n.loop.Add(ns.Name)
		}
	})
	// Pods take their time to end. The last one's going is worth a look.
	reconcile.OnUpdate(factory.Pods().Informer(), func(_, p *corev1.Pod, deleted bool) {
		if !deleted {
			return
		}
		if ns, err := n.namespaces.Get(p.Namespace); err == nil && ns.DeletionTimestamp != nil {
			n.loop.Add(p.Namespace)
		}
	})
	return n
}

// Run reconciles until ctx ends.
func (n *Controller) Run(ctx context.Context) error { return n.loop.Run(ctx, workers) }

func (n *Controller) reconcile(ctx context.Context, name string) error {
	ns, err := n.namespaces.Get(name)
	if err != nil || ns.DeletionTimestamp == nil || !slices.Contains(ns.Spec.Finalizers, corev1.FinalizerKubernetes) {
		return reconcile.IgnoreNotFound(err)
	}
	f := n.empty(ctx, name)
	if f.empty() {
		return n.release(ctx, ns)
	}
	if err := n.report(ctx, ns, f); err != nil {
		return err
	}
	if len(f.failed) == 0 && f.discovery == nil && len(f.left) == 1 && f.left["pods."] > 0 {
		return nil // the pods' informer will tell
	}
	return fmt.Errorf("namespace %s: %w", name, errLeft)
}

// empty deletes the pods first, and only when they are gone what they may
// still need to end in order: their secrets, volumes and network.
func (n *Controller) empty(ctx context.Context, name string) *findings {
	resources, err := discover(n.Kube.Discovery())
	isPod := func(r resource) bool { return r.Group == "" && r.Resource == "pods" }
	i := slices.IndexFunc(resources, isPod)
	if i >= 0 {
		if f := purge(ctx, n.Metadata, name, resources[i:i+1]); !f.empty() {
			f.discovery = err
			return f
		}
	}
	f := purge(ctx, n.Metadata, name, slices.DeleteFunc(resources, isPod))
	f.discovery = err
	return f
}

func (n *Controller) report(ctx context.Context, ns *corev1.Namespace, f *findings) error {
	ns = ns.DeepCopy()
	if !merge(&ns.Status, f.conditions(), time.Now()) {
		return nil
	}
	_, err := n.Kube.CoreV1().Namespaces().UpdateStatus(ctx, ns, metav1.UpdateOptions{})
	return reconcile.IgnoreNotFound(err)
}

// release takes our finalizer off, upon which the API server removes the
// namespace, unless others hold it.
func (n *Controller) release(ctx context.Context, ns *corev1.Namespace) error {
	ns = ns.DeepCopy()
	ns.Spec.Finalizers = slices.DeleteFunc(ns.Spec.Finalizers, func(f corev1.FinalizerName) bool { return f == corev1.FinalizerKubernetes })
	_, err := n.Kube.CoreV1().Namespaces().Finalize(ctx, ns, metav1.UpdateOptions{})
	return reconcile.IgnoreNotFound(err)
}
