package resource

import (
	"slices"

	resourcev1 "k8s.io/api/resource/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// claimStatus is the status of a claim. Only a write of it changes anything of
// what is copied.
func claimStatus() api.PartOf[*resourcev1.ResourceClaim] {
	part := api.StatusOnly(func(dst, src *resourcev1.ResourceClaim) { dst.Status = src.Status }).Validated(validateClaimStatus)
	part.Copy = copyClaimStatus
	return part
}

// copyClaimStatus takes the status over, without what it says of devices that
// were given back in the same write.
func copyClaimStatus(dst, src *resourcev1.ResourceClaim) {
	back := withoutShares(allocated(dst.Status.Allocation))
	for d := range withoutShares(allocated(src.Status.Allocation)) {
		delete(back, d)
	}
	was := dst.Status.Allocation
	dst.Status = src.Status
	dropFromAllocation(dst.Status.Allocation, was)
	dst.Status.Devices = slices.DeleteFunc(slices.Clone(src.Status.Devices), func(s resourcev1.AllocatedDeviceStatus) bool {
		return back[device{Driver: s.Driver, Pool: s.Pool, Device: s.Device}]
	})
	if len(dst.Status.Devices) == 0 {
		dst.Status.Devices = nil
	}
}

// allocated are the devices that an allocation holds.
func allocated(a *resourcev1.AllocationResult) map[device]bool {
	devices := map[device]bool{}
	if a == nil {
		return devices
	}
	for _, r := range a.Devices.Results {
		d := device{Driver: r.Driver, Pool: r.Pool, Device: r.Device}
		if r.ShareID != nil {
			d.ShareID = string(*r.ShareID)
		}
		devices[d] = true
	}
	return devices
}

func withoutShares(devices map[device]bool) map[device]bool {
	whole := map[device]bool{}
	for d := range devices {
		d.ShareID = ""
		whole[d] = true
	}
	return whole
}

func validateClaimStatus(o, old *resourcev1.ResourceClaim) field.ErrorList {
	s, was, p := &o.Status, &old.Status, field.NewPath("status")
	errs := each(p.Child("reservedFor"), s.ReservedFor, resourcev1.ResourceClaimReservedForMaxSize, validateConsumer)
	held := allocated(s.Allocation)
	for i := range s.Devices {
		errs = append(errs, validateDeviceStatus(&s.Devices[i], held, p.Child("devices").Index(i))...)
	}
	switch rp := p.Child("reservedFor"); {
	case len(s.ReservedFor) == 0:
	case s.Allocation == nil:
		errs = append(errs, field.Forbidden(rp, "may not be specified when `allocated` is not set"))
	case o.DeletionTimestamp != nil && reservesMore(s.ReservedFor, was.ReservedFor):
		errs = append(errs, field.Forbidden(rp, "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"))
	}
	// An allocation stays as it was made: the published rules see to that, and
	// later limits do not bind it.
	if s.Allocation != nil && was.Allocation == nil {
		errs = append(errs, validateAllocation(s.Allocation, namesOf(&o.Spec.Devices), p.Child("allocation"))...)
	}
	return append(errs, meta.Published(resourcev1.Validate_ResourceClaimStatus, p, s, was, nil)...)
}

func reservesMore(now, before []resourcev1.ResourceClaimConsumerReference) bool {
	return slices.ContainsFunc(now, func(r resourcev1.ResourceClaimConsumerReference) bool { return !slices.Contains(before, r) })
}

func validateConsumer(p *field.Path, r *resourcev1.ResourceClaimConsumerReference) field.ErrorList {
	errs := meta.Required(p.Child("resource"), r.Resource, nil)
	errs = append(errs, meta.Required(p.Child("name"), r.Name, nil)...)
	return append(errs, meta.Required(p.Child("uid"), string(r.UID), nil)...)
}

func validateAllocation(a *resourcev1.AllocationResult, names requestNames, p *field.Path) field.ErrorList {
	dp := p.Child("devices")
	errs := each(dp.Child("results"), a.Devices.Results, resourcev1.AllocationResultsMaxSize,
		func(p *field.Path, r *resourcev1.DeviceRequestAllocationResult) field.ErrorList {
			errs := names.reference(p.Child("request"), r.Request)
			errs = append(errs, label(p.Child("device"), r.Device)...)
			errs = append(errs, validateBinding(r.BindingConditions, r.BindingFailureConditions, p)...)
			return append(errs, validateTolerations(r.Tolerations, p.Child("tolerations"))...)
		})
	// The configurations of the class and of the claim come together.
	errs = append(errs, each(dp.Child("config"), a.Devices.Config, 2*resourcev1.DeviceConfigMaxSize,
		func(p *field.Path, c *resourcev1.DeviceAllocationConfiguration) field.ErrorList {
			errs := names.references(p.Child("requests"), c.Requests)
			return append(errs, validateConfiguration(&c.DeviceConfiguration, false, p)...)
		})...)
	if a.NodeSelector != nil {
		errs = append(errs, pod.ValidateNodeSelector(a.NodeSelector, p.Child("nodeSelector"))...)
	}
	return errs
}

func validateDeviceStatus(s *resourcev1.AllocatedDeviceStatus, held map[device]bool, p *field.Path) field.ErrorList {
	errs := driverName(p.Child("driver"), s.Driver)
	errs = append(errs, poolName(p.Child("pool"), s.Pool)...)
	errs = append(errs, label(p.Child("device"), s.Device)...)
	d := device{Driver: s.Driver, Pool: s.Pool, Device: s.Device}
	if s.ShareID != nil {
		d.ShareID = *s.ShareID
	}
	if !held[d] {
		errs = append(errs, field.Invalid(p, d, "must be an allocated device in the claim"))
	}
	cp := p.Child("conditions")
	if n, limit := len(s.Conditions), resourcev1.AllocatedDeviceStatusMaxConditions; n > limit {
		errs = append(errs, field.TooMany(cp, n, limit))
	}
	errs = append(errs, metavalidation.ValidateConditions(s.Conditions, cp)...)
	if s.Data != nil && len(s.Data.Raw) > 0 {
		errs = append(errs, validateRaw(*s.Data, resourcev1.AllocatedDeviceStatusDataMaxLength, p.Child("data"))...)
	}
	if n := s.NetworkData; n != nil {
		errs = append(errs, each(p.Child("networkData", "ips"), n.IPs, resourcev1.NetworkDeviceDataMaxIPs,
			func(p *field.Path, ip *string) field.ErrorList { return validation.IsValidInterfaceAddress(p, *ip) })...)
	}
	return errs
}
