package resource

import (
	"strings"
	"testing"

	resourcev1 "k8s.io/api/resource/v1"

	"skiff/internal/api/apitest"
)

// What a feature that is off adds is kept where it is in use.
func TestSkippedOperationsDropped(t *testing.T) {
	skipping := strings.Replace(given, "device: one", `device: one, skipNodeOperations: ["*"]`, 1)
	for old, want := range map[string]int{"": 0, given: 0, skipping: 1} {
		o := apitest.Parse(t, ResourceClaim, withStatus(old)).(*resourcev1.ResourceClaim)
		ResourceClaim.Part("status").Copy(o, apitest.Parse(t, ResourceClaim, withStatus(skipping)))
		if got := len(o.Status.Allocation.Devices.Results[0].SkipNodeOperations); got != want {
			t.Errorf("%q: %d, want %d", old, got, want)
		}
	}
	o, old := apitest.Parse(t, ResourceClaim, withStatus("")), apitest.Parse(t, ResourceClaim, withStatus(skipping)).(*resourcev1.ResourceClaim)
	ResourceClaim.PrepareUpdate(o, old)
	if r := o.(*resourcev1.ResourceClaim).Status.Allocation.Devices.Results[0]; len(r.SkipNodeOperations) != 1 || len(old.Status.Allocation.Devices.Results[0].SkipNodeOperations) != 1 {
		t.Error("an ordinary update changed the status")
	}
}

// A slice keeps those of the fields that are dropped from others which it has
// already.
func TestSliceFieldsInUseStay(t *testing.T) {
	full := slice(`allNodes: true, partitionTypeAttribute: d/x, skipNodeOperations: ["*"], devices: [{name: a, attributes: {m: {ints: [1]}},
	  nodeAllocatableResources: {cpu: {}}, consumesCounters: [{counterSet: c, counters: {x: {value: "1"}}, compatibilityGroups: [g]}]}]`)
	for old, want := range map[string]string{
		devices("{name: a}"): "",
		slice("allNodes: true, partitionTypeAttribute: d/x"):                                                           "type",
		slice(`allNodes: true, skipNodeOperations: ["*"]`):                                                             "skips",
		devices("{name: a, attributes: {m: {ints: [1]}}}"):                                                             "lists",
		devices("{name: a, attributes: {m: {bools: [true]}}}"):                                                         "lists",
		devices("{name: a, attributes: {m: {strings: [x]}}}"):                                                          "lists",
		devices("{name: a, attributes: {m: {versions: [1.0.0]}}}"):                                                     "lists",
		devices("{name: a, nodeAllocatableResources: {cpu: {}}}"):                                                      "allocatable",
		devices("{name: a, consumesCounters: [{counterSet: c, counters: {x: {value: 1}}, compatibilityGroups: [g]}]}"): "groups",
	} {
		o := apitest.Parse(t, ResourceSlice, full)
		ResourceSlice.PrepareUpdate(o, apitest.Parse(t, ResourceSlice, old))
		s := o.(*resourcev1.ResourceSlice).Spec
		d, got := s.Devices[0], []string{}
		for _, f := range []struct {
			name string
			kept bool
		}{
			{"type", s.PartitionTypeAttribute != nil}, {"skips", len(s.SkipNodeOperations) > 0}, {"lists", len(d.Attributes["m"].IntValues) > 0},
			{"allocatable", len(d.NodeAllocatableResources) > 0}, {"groups", len(d.ConsumesCounters[0].CompatibilityGroups) > 0},
		} {
			if f.kept {
				got = append(got, f.name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: kept %v, want %s", old, got, want)
		}
	}
}
