package services

import (
	"context"
	"errors"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/store"
)

// sawAddress has an IPAddress looked at: at once, or, when it is new, after
// its grace; one that is gone may still be held by its Service.
func (r *repairs) sawAddress(e store.Event) {
	switch {
	case e.Item == nil:
	case e.Type == store.Deleted:
		if o, ok := e.Item.Object().(*networkingv1.IPAddress); ok && ownerOf(o) != (types.NamespacedName{}) {
			r.services.Add(ownerOf(o))
		}
	case e.Type == store.Added && !e.Initial:
		r.addresses.AddAfter(e.Item.Name(), r.grace)
	default:
		r.addresses.Add(e.Item.Name())
	}
}

// address releases an IPAddress of ours that no Service holds.
func (r *repairs) address(ctx context.Context, name string) error {
	item, err := r.a.addresses().Get(ctx, "", name, 0)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	o, ok := item.Object().(*networkingv1.IPAddress)
	if !ok || o.Labels[networkingv1.LabelManagedBy] != managedBy {
		return r.suspectLabels(ctx, o)
	}
	if left := r.grace - time.Since(o.CreationTimestamp.Time); left > 0 {
		r.addresses.AddAfter(name, left)
		return nil
	}
	owner := ownerOf(o)
	if owner == (types.NamespacedName{}) {
		r.events.Eventf(o, corev1.EventTypeWarning, "IPAddressNotAllocated",
			"IPAddress %s appears to have been modified, not referencing a Service %v: cleaning up", name, o.Spec.ParentRef)
		return r.drop(ctx, item)
	}
	s, _, err := r.a.getService(ctx, owner, store.Latest)
	if err != nil {
		return err
	}
	addr, err := netip.ParseAddr(name)
	switch {
	case err != nil || s == nil:
		r.events.Eventf(o, corev1.EventTypeWarning, "IPAddressNotAllocated",
			"IPAddress: %s for Service %s/%s appears to have leaked: cleaning up", name, owner.Namespace, owner.Name)
		return r.drop(ctx, item)
	case !holds(s, addr):
		r.events.Eventf(o, corev1.EventTypeWarning, "IPAddressWrongReference",
			"IPAddress: %s for Service %s/%s has a wrong reference; cleaning up", name, owner.Namespace, owner.Name)
		return r.drop(ctx, item)
	}
	return nil
}

// suspectLabels has the Service looked at whose IPAddress somebody took our
// label off.
func (r *repairs) suspectLabels(_ context.Context, o *networkingv1.IPAddress) error {
	if o != nil && ownerOf(o) != (types.NamespacedName{}) {
		r.services.Add(ownerOf(o))
	}
	return nil
}

func (r *repairs) drop(ctx context.Context, item store.Item) error {
	_, err := r.a.addresses().Delete(ctx, item)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
