package admission

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/storage"
)

// DefaultStorageClass gives a claim that names no class the cluster's default
// one: of several, the newest.
type DefaultStorageClass struct{ Reader api.Reader }

const (
	defaultClassAnnotation     = "storageclass.kubernetes.io/is-default-class"
	betaDefaultClassAnnotation = "storageclass.beta.kubernetes.io/is-default-class"
)

// Name implements Plugin.
func (DefaultStorageClass) Name() string { return "DefaultStorageClass" }

// Admit implements Admitter.
func (p DefaultStorageClass) Admit(ctx context.Context, r *Request) error {
	claim, ok := r.Object.(*corev1.PersistentVolumeClaim)
	if !ok || r.Operation != Create || !r.is(core.PersistentVolumeClaim, "") || claim.Spec.StorageClassName != nil {
		return nil
	}
	if _, ok := claim.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return nil
	}
	classes, err := p.Reader.List(ctx, storage.StorageClass, "")
	if err != nil {
		return err
	}
	var found *storagev1.StorageClass
	for _, obj := range classes {
		if c, ok := obj.(*storagev1.StorageClass); ok && isDefault(c) && (found == nil || newer(c, found)) {
			found = c
		}
	}
	if found != nil {
		claim.Spec.StorageClassName = &found.Name
	}
	return nil
}

func isDefault(c *storagev1.StorageClass) bool {
	return c.Annotations[defaultClassAnnotation] == "true" || c.Annotations[betaDefaultClassAnnotation] == "true"
}

// newer says which of two classes that both claim to be the default is: the
// one made last; of two made in the same second, the first by name.
func newer(a, b api.Object) bool {
	at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if at.Equal(&bt) {
		return a.GetName() < b.GetName()
	}
	return bt.Before(&at)
}
