package core

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/diff"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/volume"
)

func validateClaim(o *corev1.PersistentVolumeClaim) field.ErrorList {
	return volume.ValidateClaimSpec(&o.Spec, field.NewPath("spec"))
}

const claimMessage = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"

// validateClaimUpdate: a claim may be bound once, may grow once it is bound,
// and may be given the storage class that it was made without.
func validateClaimUpdate(o, old *corev1.PersistentVolumeClaim) field.ErrorList {
	p := field.NewPath("spec")
	is, was := o.Spec.DeepCopy(), old.Spec.DeepCopy()
	if was.VolumeName == "" {
		was.VolumeName = is.VolumeName
	}
	alikeSources(was)
	errs := storageClassUpdate(o, old, is)
	if o.Status.Phase == corev1.ClaimBound {
		if is.Resources.Requests != nil {
			is.Resources.Requests[corev1.ResourceStorage] = was.Resources.Requests[corev1.ResourceStorage]
		}
		if is.VolumeAttributesClassName != nil {
			is.VolumeAttributesClassName = was.VolumeAttributesClassName
		}
	}
	if !equality.Semantic.DeepEqual(is, was) {
		errs = append(errs, field.Forbidden(p, claimMessage+"\n"+diff.Diff(was, is)))
	}
	asked, had := o.Spec.Resources.Requests[corev1.ResourceStorage], old.Spec.Resources.Requests[corev1.ResourceStorage]
	if current := old.Status.Capacity[corev1.ResourceStorage]; asked.Cmp(had) < 0 && asked.Cmp(current) <= 0 {
		errs = append(errs, field.Forbidden(p.Child("resources", "requests", "storage"), "field can not be less than status.capacity"))
	}
	errs = append(errs, meta.Immutable(field.NewPath("volumeMode"), o.Spec.VolumeMode, old.Spec.VolumeMode)...)
	return append(errs, attributesClassUpdate(o.Spec.VolumeAttributesClassName, old.Spec.VolumeAttributesClassName, p.Child("volumeAttributesClassName"))...)
}

// storageClassUpdate: the annotation that named the class before there was a
// field stays, unless the field takes over its value. A claim that named no
// class may be given one. What may change it takes out of is, which is to be
// compared with what was.
func storageClassUpdate(o, old *corev1.PersistentVolumeClaim, is *corev1.PersistentVolumeClaimSpec) field.ErrorList {
	const key = corev1.BetaStorageClassAnnotation
	now, annotated := o.Annotations[key]
	before, wasAnnotated := old.Annotations[key]
	given := old.Spec.StorageClassName == nil && o.Spec.StorageClassName != nil && (!wasAnnotated || *o.Spec.StorageClassName == before)
	if given {
		is.StorageClassName = nil
	}
	if now == before || given && wasAnnotated && !annotated {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("metadata").Child("annotations", key), now, "field is immutable")}
}

func attributesClassUpdate(is, was *string, p *field.Path) field.ErrorList {
	switch {
	case was == nil:
		return nil
	case is == nil:
		return field.ErrorList{field.Forbidden(p, "update from non-nil value to nil is forbidden")}
	case *is == "" && *was != "":
		return field.ErrorList{field.Forbidden(p, "update from non-nil value to an empty string is forbidden")}
	}
	return nil
}

// validateClaimStatus judges what those who provide and grow volumes write.
func validateClaimStatus(o, _ *corev1.PersistentVolumeClaim) field.ErrorList {
	p := field.NewPath("status")
	var errs field.ErrorList
	if len(o.Spec.AccessModes) == 0 {
		errs = append(errs, field.Required(field.NewPath("Spec", "accessModes"), ""))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Status.Capacity)) {
		errs = append(errs, notNegative(p.Child("capacity").Key(string(name)), o.Status.Capacity, name)...)
	}
	steps := []corev1.ClaimResourceStatus{
		corev1.PersistentVolumeClaimControllerResizeInProgress, corev1.PersistentVolumeClaimControllerResizeInfeasible,
		corev1.PersistentVolumeClaimNodeResizePending, corev1.PersistentVolumeClaimNodeResizeInProgress, corev1.PersistentVolumeClaimNodeResizeInfeasible,
	}
	slices.Sort(steps)
	for _, name := range slices.Sorted(maps.Keys(o.Status.AllocatedResourceStatuses)) {
		sp := p.Child("allocatedResourceStatus")
		errs = append(errs, claimResource(sp, name)...)
		if !slices.Contains(steps, o.Status.AllocatedResourceStatuses[name]) {
			errs = append(errs, field.NotSupported(sp, name, steps))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Status.AllocatedResources)) {
		bad := claimResource(p.Child("allocatedResources"), name)
		if len(bad) == 0 {
			bad = notNegative(p.Child("allocatedResources").Key(string(name)), o.Status.AllocatedResources, name)
		}
		errs = append(errs, bad...)
	}
	return errs
}

func notNegative(p *field.Path, list corev1.ResourceList, name corev1.ResourceName) field.ErrorList {
	q := list[name]
	if q.Value() < 0 {
		return field.ErrorList{field.Invalid(p, q.Value(), "must be a valid resource quantity")}
	}
	return pod.ValidateQuantity(p, corev1.ResourceStorage, q)
}

// claimResource: of Kubernetes' own resources, a claim has storage alone.
func claimResource(p *field.Path, name corev1.ResourceName) field.ErrorList {
	if errs := meta.Invalid(p, string(name), validation.IsQualifiedName(string(name))); len(errs) > 0 {
		return errs
	}
	own := !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
	if own && name != corev1.ResourceStorage {
		return field.ErrorList{field.NotSupported(p, string(name), []corev1.ResourceName{corev1.ResourceStorage})}
	}
	return nil
}
