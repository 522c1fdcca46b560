package node

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// keepLease renews the node's lease: the sign of life that costs least. It
// goes on whatever the status does, as a lease that ends evicts pods.
func (k *Keeper) keepLease(ctx context.Context) {
	var lease *coordinationv1.Lease
	delay := retryMin
	for {
		renewed, err := k.renew(ctx, lease)
		wait := k.LeaseRenewal
		if err != nil {
			if ctx.Err() == nil && !apierrors.IsNotFound(err) { // not found: the Node is being registered
				k.Log.Warn("node lease not renewed, trying again", "node", k.Name, "in", delay, "err", err)
			}
			lease, wait, delay = nil, delay, min(2*delay, k.LeaseRenewal)
		} else {
			lease, delay = renewed, retryMin
		}
		select {
		case <-ctx.Done():
			return
		case <-k.registered:
		case <-time.After(wait):
		}
	}
}

// renew writes the lease. known is what the last renewal returned, nil to look.
func (k *Keeper) renew(ctx context.Context, known *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	leases := k.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	fresh := k.lease()
	if known == nil {
		owner, err := k.owner(ctx)
		if err != nil {
			return nil, err
		}
		fresh.OwnerReferences = owner
		found, err := leases.Get(ctx, k.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return leases.Create(ctx, fresh, metav1.CreateOptions{})
		}
		if err != nil {
			return nil, err
		}
		known = found
	}
	next := known.DeepCopy()
	if fresh.OwnerReferences != nil {
		next.OwnerReferences = fresh.OwnerReferences
	}
	next.Spec.HolderIdentity = fresh.Spec.HolderIdentity
	next.Spec.LeaseDurationSeconds = fresh.Spec.LeaseDurationSeconds
	next.Spec.RenewTime = fresh.Spec.RenewTime
	return leases.Update(ctx, next, metav1.UpdateOptions{})
}

// owner is the Node as its lease names it: with the Node, the lease goes. A
// Node that is not there yet is an error, and the lease waits for it.
func (k *Keeper) owner(ctx context.Context) ([]metav1.OwnerReference, error) {
	n, err := k.Client.CoreV1().Nodes().Get(ctx, k.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: n.Name, UID: n.UID}}, nil
}

func (k *Keeper) lease() *coordinationv1.Lease {
	seconds := int32(k.LeaseDuration / time.Second)
	now := metav1.NowMicro()
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: k.Name, Namespace: corev1.NamespaceNodeLease},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity:       &k.Name,
			LeaseDurationSeconds: &seconds,
			RenewTime:            &now,
		},
	}
}
