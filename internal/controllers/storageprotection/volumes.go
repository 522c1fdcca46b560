package storageprotection

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"

	"skiff/internal/api/core"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

// Volumes protects volumes.
type Volumes struct {
	kube    kubernetes.Interface
	volumes corelisters.PersistentVolumeLister
	loop    *reconcile.Loop[string]
}

// NewVolumes makes the controller and asks the informers for what it reads.
func NewVolumes(kube kubernetes.Interface, factory *client.Informers) *Volumes {
	volumes := factory.PersistentVolumes()
	c := &Volumes{kube: kube, volumes: volumes.Lister()}
	c.loop = reconcile.New("pvprotection", c.reconcile)
	reconcile.OnChange(volumes.Informer(), func(v *corev1.PersistentVolume) { c.loop.Add(v.Name) })
	return c
}

// Run reconciles until ctx ends.
func (c *Volumes) Run(ctx context.Context) error { return c.loop.Run(ctx, 1) }

func (c *Volumes) reconcile(ctx context.Context, name string) error {
	volume, err := c.volumes.Get(name)
	if err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	finalizers, change := decide(volume, core.VolumeProtectionFinalizer, func() bool { return volume.Status.Phase == corev1.VolumeBound })
	if !change {
		return nil
	}
	volume = volume.DeepCopy()
	volume.Finalizers = finalizers
	_, err = c.kube.CoreV1().PersistentVolumes().Update(ctx, volume, metav1.UpdateOptions{})
	if err = reconcile.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("finalizers of PersistentVolume %s: %w", name, err)
	}
	return nil
}
