package storageprotection

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"

	"skiff/internal/api/core"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

// Claims protects claims.
type Claims struct {
	kube   kubernetes.Interface
	claims corelisters.PersistentVolumeClaimLister
	pods   corelisters.PodLister
	loop   *reconcile.Loop[reconcile.Key]
}

// NewClaims makes the controller and asks the informers for what it reads.
func NewClaims(kube kubernetes.Interface, factory *client.Informers) *Claims {
	c := &Claims{kube: kube, claims: factory.PersistentVolumeClaims().Lister(), pods: factory.Pods().Lister()}
	c.loop = reconcile.New("pvcprotection", c.reconcile)
	reconcile.OnChange(factory.PersistentVolumeClaims().Informer(), func(o *corev1.PersistentVolumeClaim) { c.loop.Add(reconcile.KeyOf(o)) })
	reconcile.OnUpdate(factory.Pods().Informer(), c.podChanged)
	return c
}

// Run reconciles until ctx ends.
func (c *Claims) Run(ctx context.Context) error { return c.loop.Run(ctx, 1) }

// podChanged wakes the claims that a pod has let go of.
func (c *Claims) podChanged(_, pod *corev1.Pod, deleted bool) {
	if !deleted {
		return
	}
	for name := range claimsOf(pod) {
		c.loop.Add(reconcile.Key{Namespace: pod.Namespace, Name: name})
	}
}

// claimsOf yields the names of the claims that a pod's volumes are: named ones,
// and those that are made for the pod.
func claimsOf(pod *corev1.Pod) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range pod.Spec.Volumes {
			name := ""
			switch {
			case v.PersistentVolumeClaim != nil:
				name = v.PersistentVolumeClaim.ClaimName
			case v.Ephemeral != nil:
				name = pod.Name + "-" + v.Name
			default:
				continue
			}
			if !yield(name) {
				return
			}
		}
	}
}

func (c *Claims) reconcile(ctx context.Context, key reconcile.Key) error {
	claim, err := c.claims.PersistentVolumeClaims(key.Namespace).Get(key.Name)
	if err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	var failed error
	finalizers, change := decide(claim, core.ClaimProtectionFinalizer, func() bool {
		used, err := c.used(ctx, claim)
		failed = err
		return used || err != nil
	})
	if failed != nil || !change {
		return failed
	}
	claim = claim.DeepCopy()
	claim.Finalizers = finalizers
	_, err = c.kube.CoreV1().PersistentVolumeClaims(key.Namespace).Update(ctx, claim, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("finalizers of PersistentVolumeClaim %s: %w", key, err)
	}
	return nil
}

// used asks the informer first, and then the API server: the informer may not
// know of a pod that was bound a moment ago, and the claim's data is at stake.
func (c *Claims) used(ctx context.Context, claim *corev1.PersistentVolumeClaim) (bool, error) {
	known, err := c.pods.Pods(claim.Namespace).List(labels.Everything())
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(known, func(p *corev1.Pod) bool { return uses(p, claim.Name) }) {
		return true, nil
	}
	live, err := c.kube.CoreV1().Pods(claim.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, fmt.Errorf("pods that use PersistentVolumeClaim %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	return slices.ContainsFunc(live.Items, func(p corev1.Pod) bool { return uses(&p, claim.Name) }), nil
}

// uses: a pod without a node has touched nothing yet, and no kubelet starts one
// whose claim is being deleted.
func uses(pod *corev1.Pod, claim string) bool {
	if pod.Spec.NodeName == "" {
		return false
	}
	for name := range claimsOf(pod) {
		if name == claim {
			return true
		}
	}
	return false
}
