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

func dropFromSlice(s *resourcev1.ResourceSliceSpec) {
	s.PartitionTypeAttribute, s.SkipNodeOperations = nil, nil
	for i := range s.Devices {
		d := &s.Devices[i]
		d.NodeAllocatableResources = nil
		for name, a := range d.Attributes {
			a.IntValues, a.BoolValues, a.StringValues, a.VersionValues = nil, nil, nil, nil
			d.Attributes[name] = a
		}
		for j := range d.ConsumesCounters {
			d.ConsumesCounters[j].CompatibilityGroups = nil
		}
	}
}

// sliceHasDropped says whether a stored slice has any of what is dropped from
// new ones.
func sliceHasDropped(s *resourcev1.ResourceSliceSpec) bool {
	if s.PartitionTypeAttribute != nil || len(s.SkipNodeOperations) > 0 || hasLists(s) {
		return true
	}
	for i := range s.Devices {
		if len(s.Devices[i].NodeAllocatableResources) > 0 {
			return true
		}
		for _, c := range s.Devices[i].ConsumesCounters {
			if len(c.CompatibilityGroups) > 0 {
				return true
			}
		}
	}
	return false
}

func hasLists(s *resourcev1.ResourceSliceSpec) bool {
	for i := range s.Devices {
		for _, a := range s.Devices[i].Attributes {
			if a.BoolValues != nil || a.IntValues != nil || a.StringValues != nil || a.VersionValues != nil {
				return true
			}
		}
	}
	return false
}
