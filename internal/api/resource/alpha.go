package resource

import (
	"slices"

	resourcev1 "k8s.io/api/resource/v1"
)

// Fields that Kubernetes has behind feature gates which are off are dropped
// from what clients write, as they are there. Objects that came from a cluster
// where they were on keep them.

func dropFromClaim(s *resourcev1.ResourceClaimSpec) {
	for i := range s.Devices.Requests {
		r := &s.Devices.Requests[i]
		if r.Exactly != nil {
			r.Exactly.DerivedAttributes = nil
		}
		for j := range r.FirstAvailable {
			r.FirstAvailable[j].DerivedAttributes = nil
		}
	}
}

// dropFromAllocation drops from an allocation what one before did not have.
func dropFromAllocation(a, old *resourcev1.AllocationResult) {
	skips := func(r resourcev1.DeviceRequestAllocationResult) bool { return len(r.SkipNodeOperations) > 0 }
	if a == nil || old != nil && slices.ContainsFunc(old.Devices.Results, skips) {
		return
	}
	for i := range a.Devices.Results {
		a.Devices.Results[i].SkipNodeOperations = nil
	}
}

// feature is one that is off: whether an object has what it adds, and how that
// is dropped.
type feature struct {
	used func(*resourcev1.ResourceSliceSpec) bool
	drop func(*resourcev1.ResourceSliceSpec)
}

// sliceFeatures are those of slices.
var sliceFeatures = []feature{
	{
		used: func(s *resourcev1.ResourceSliceSpec) bool { return s.PartitionTypeAttribute != nil },
		drop: func(s *resourcev1.ResourceSliceSpec) { s.PartitionTypeAttribute = nil },
	},
	{
		used: func(s *resourcev1.ResourceSliceSpec) bool { return len(s.SkipNodeOperations) > 0 },
		drop: func(s *resourcev1.ResourceSliceSpec) { s.SkipNodeOperations = nil },
	},
	ofDevices(
		func(d *resourcev1.Device) bool { return len(d.NodeAllocatableResources) > 0 },
		func(d *resourcev1.Device) { d.NodeAllocatableResources = nil },
	),
	ofDevices(hasLists, dropLists),
	ofDevices(
		func(d *resourcev1.Device) bool {
			return slices.ContainsFunc(d.ConsumesCounters, func(c resourcev1.DeviceCounterConsumption) bool { return len(c.CompatibilityGroups) > 0 })
		},
		func(d *resourcev1.Device) {
			for i := range d.ConsumesCounters {
				d.ConsumesCounters[i].CompatibilityGroups = nil
			}
		},
	),
}

// ofDevices is a feature that adds something to devices.
func ofDevices(used func(*resourcev1.Device) bool, drop func(*resourcev1.Device)) feature {
	return feature{
		used: func(s *resourcev1.ResourceSliceSpec) bool {
			return slices.ContainsFunc(s.Devices, func(d resourcev1.Device) bool { return used(&d) })
		},
		drop: func(s *resourcev1.ResourceSliceSpec) {
			for i := range s.Devices {
				drop(&s.Devices[i])
			}
		},
	}
}

// dropFromSlice drops what old, if there is one, does not have already.
func dropFromSlice(s, old *resourcev1.ResourceSliceSpec) {
	for _, f := range sliceFeatures {
		if old == nil || !f.used(old) {
			f.drop(s)
		}
	}
}

// hasLists says whether an attribute of the device has more values than one.
func hasLists(d *resourcev1.Device) bool {
	for _, a := range d.Attributes {
		if a.BoolValues != nil || a.IntValues != nil || a.StringValues != nil || a.VersionValues != nil {
			return true
		}
	}
	return false
}

func dropLists(d *resourcev1.Device) {
	for name, a := range d.Attributes {
		a.IntValues, a.BoolValues, a.StringValues, a.VersionValues = nil, nil, nil, nil
		d.Attributes[name] = a
	}
}
