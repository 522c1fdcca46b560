package admission

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// DeviceAdminAccess lets claims have devices that are in use, to look after
// them, only in namespaces that are marked for it. It refuses as the rules of
// the kinds do.
type DeviceAdminAccess struct {
	Namespaces api.Reader
}

// Name implements Plugin.
func (DeviceAdminAccess) Name() string { return "DeviceAdminAccess" }

// Validate implements Validator.
func (p DeviceAdminAccess) Validate(ctx context.Context, r *Request) error {
	at := wantsAdmin(r)
	if at == nil {
		return nil
	}
	var fault *field.Error
	switch ns, err := p.Namespaces.Get(ctx, core.Namespace, "", r.Namespace); {
	case err != nil:
		fault = field.InternalError(at, fmt.Errorf("could not retrieve namespace to verify admin access: %w", err))
	case ns.(*corev1.Namespace).Labels[resourcev1.DRAAdminNamespaceLabelKey] != "true":
		fault = field.Forbidden(at, fmt.Sprintf("admin access to devices requires the `%s: true` label on the containing namespace", resourcev1.DRAAdminNamespaceLabelKey))
	default:
		return nil
	}
	return apierrors.NewInvalid(r.Resource.GroupKind(), r.name(), field.ErrorList{fault})
}

// wantsAdmin is where a claim asks for, or gets, such access for the first
// time; nil if nowhere.
func wantsAdmin(r *Request) *field.Path {
	switch o := r.Object.(type) {
	case *resourcev1.ResourceClaim:
		old, _ := r.Old.(*resourcev1.ResourceClaim)
		switch {
		case r.Operation == Create:
			return adminRequest(o.Spec.Devices.Requests)
		case r.Subresource == "status" && old != nil && adminResult(old.Status.Allocation) == nil:
			return adminResult(o.Status.Allocation)
		}
	case *resourcev1.ResourceClaimTemplate:
		if r.Operation == Create {
			return adminRequest(o.Spec.Spec.Devices.Requests)
		}
	}
	return nil
}

func adminRequest(requests []resourcev1.DeviceRequest) *field.Path {
	for i, r := range requests {
		if r.Exactly != nil && ptr.Deref(r.Exactly.AdminAccess, false) {
			return field.NewPath("spec", "devices", "requests").Index(i).Child("adminAccess")
		}
	}
	return nil
}

func adminResult(a *resourcev1.AllocationResult) *field.Path {
	if a == nil {
		return nil
	}
	for i, r := range a.Devices.Results {
		if ptr.Deref(r.AdminAccess, false) {
			return field.NewPath("status", "allocation", "devices", "results").Index(i).Child("adminAccess")
		}
	}
	return nil
}
