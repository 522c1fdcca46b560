package admission

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/storage"
)

// PersistentVolumeClaimResize lets a claim grow only where its storage class
// says that its volumes can.
type PersistentVolumeClaimResize struct {
	Reader api.Reader
}

// Name implements Plugin.
func (PersistentVolumeClaimResize) Name() string { return "PersistentVolumeClaimResize" }

// Validate implements Validator.
func (p PersistentVolumeClaimResize) Validate(ctx context.Context, r *Request) error {
	claim, ok := r.Object.(*corev1.PersistentVolumeClaim)
	old, was := r.Old.(*corev1.PersistentVolumeClaim)
	if !ok || !was || r.Operation != Update || !r.is(core.PersistentVolumeClaim, "") {
		return nil
	}
	asked, had := claim.Spec.Resources.Requests[corev1.ResourceStorage], old.Spec.Resources.Requests[corev1.ResourceStorage]
	if asked.Cmp(had) <= 0 {
		return nil
	}
	if old.Status.Phase != corev1.ClaimBound {
		return r.forbid("Only bound persistent volume claims can be expanded")
	}
	class := core.StorageClassOf(claim)
	grows, err := p.grows(ctx, class)
	if err != nil {
		return err
	}
	if !grows || class != core.StorageClassOf(old) {
		return r.forbid("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize")
	}
	return nil
}

func (p PersistentVolumeClaimResize) grows(ctx context.Context, class string) (bool, error) {
	if class == "" {
		return false, nil
	}
	obj, err := p.Reader.Get(ctx, storage.StorageClass, "", class)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c, ok := obj.(*storagev1.StorageClass)
	return ok && c.AllowVolumeExpansion != nil && *c.AllowVolumeExpansion, nil
}
