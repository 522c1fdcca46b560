package resource

import (
	"strings"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// ResourceClaim asks for devices.
var ResourceClaim = api.Define(api.Kind[*resourcev1.ResourceClaim]{
	GVK: gv.WithKind("ResourceClaim"), Plural: "resourceclaims", Prefix: "resourceclaims", Namespaced: true, ReturnsDeleted: true,
	New: api.New[resourcev1.ResourceClaim], NewList: api.NewList[resourcev1.ResourceClaimList],

	Default:       func(o *resourcev1.ResourceClaim) { defaultRequests(o.Spec.Devices.Requests) },
	PrepareCreate: func(o *resourcev1.ResourceClaim) { dropFromClaim(&o.Spec) },
	PrepareUpdate: func(o, old *resourcev1.ResourceClaim) {
		if !equality.Semantic.DeepEqual(o.Spec, old.Spec) {
			dropFromClaim(&o.Spec)
		}
	},
	ValidateNew: func(o *resourcev1.ResourceClaim) field.ErrorList {
		return validateClaim(&o.Spec, field.NewPath("spec"))
	},
	ValidateUpdate: func(o, old *resourcev1.ResourceClaim) field.ErrorList {
		if equality.Semantic.DeepEqual(o.Spec, old.Spec) {
			return nil
		}
		// Clients know this refusal without the value.
		return field.ErrorList{field.Invalid(field.NewPath("spec"), nil, apivalidation.FieldImmutableErrorMsg)}
	},
	Parts: []api.PartOf[*resourcev1.ResourceClaim]{claimStatus()},

	Columns: table.Of("Name", "State", "Age").
		Docs(map[string]string{"State": "A summary of the current state (allocated, pending, reserved, etc.)."}),
	Row: func(o *resourcev1.ResourceClaim) []any {
		return []any{o.Name, claimState(o), table.Age(o.CreationTimestamp)}
	},
})

func claimState(o *resourcev1.ResourceClaim) string {
	var states []string
	deleted := o.DeletionTimestamp != nil
	if deleted {
		states = append(states, "deleted")
	}
	switch {
	case o.Status.Allocation == nil && !deleted:
		states = append(states, "pending")
	case o.Status.Allocation != nil:
		states = append(states, "allocated")
		if len(o.Status.ReservedFor) > 0 {
			states = append(states, "reserved")
		}
	}
	return strings.Join(states, ",")
}
