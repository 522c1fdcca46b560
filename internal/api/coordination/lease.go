package coordination

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Lease says who holds a role, and until when.
var Lease = api.Define(api.Kind[*coordinationv1.Lease]{
	GVK: gv.WithKind("Lease"), Plural: "leases", Prefix: "leases", Namespaced: true,
	New: api.New[coordinationv1.Lease], NewList: api.NewList[coordinationv1.LeaseList],
	AllowCreateOnUpdate:    true,
	RequireResourceVersion: true,

	Validate: func(o *coordinationv1.Lease) field.ErrorList {
		var errs field.ErrorList
		p := field.NewPath("spec")
		if d := o.Spec.LeaseDurationSeconds; d != nil {
			errs = append(errs, meta.Positive(p.Child("leaseDurationSeconds"), *d)...)
		}
		return append(errs, meta.NonNegativeOr(p.Child("leaseTransitions"), o.Spec.LeaseTransitions)...)
	},

	Columns: table.Of("Name", "Holder", "Age").
		Docs(map[string]string{"Holder": coordinationv1.LeaseSpec{}.SwaggerDoc()["holderIdentity"]}),
	Row: func(o *coordinationv1.Lease) []any {
		holder := ""
		if h := o.Spec.HolderIdentity; h != nil {
			holder = *h
		}
		return []any{o.Name, holder, table.Age(o.CreationTimestamp)}
	},
})
