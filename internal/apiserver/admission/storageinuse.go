package admission

import (
	"context"
	"slices"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// StorageObjectInUseProtection puts a finalizer on new claims and volumes, so
// that neither goes while something uses it. The controllers of package
// storageprotection take it off.
type StorageObjectInUseProtection struct{}

// Name implements Plugin.
func (StorageObjectInUseProtection) Name() string { return "StorageObjectInUseProtection" }

// Admit implements Admitter.
func (StorageObjectInUseProtection) Admit(_ context.Context, r *Request) error {
	if r.Operation != Create {
		return nil
	}
	finalizer := ""
	switch {
	case r.is(core.PersistentVolumeClaim, ""):
		finalizer = core.ClaimProtectionFinalizer
	case r.is(core.PersistentVolume, ""):
		finalizer = core.VolumeProtectionFinalizer
	default:
		return nil
	}
	obj, ok := r.Object.(api.Object)
	if ok && !slices.Contains(obj.GetFinalizers(), finalizer) {
		obj.SetFinalizers(append(obj.GetFinalizers(), finalizer))
	}
	return nil
}
