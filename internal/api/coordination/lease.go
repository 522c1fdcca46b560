package coordination

import (
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

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

	PrepareCreate: func(o *coordinationv1.Lease) { dropElection(&o.Spec, &coordinationv1.LeaseSpec{}) },
	PrepareUpdate: func(o, old *coordinationv1.Lease) { dropElection(&o.Spec, &old.Spec) },
	Validate: func(o *coordinationv1.Lease) field.ErrorList {
		var errs field.ErrorList
		p := field.NewPath("spec")
		if d := o.Spec.LeaseDurationSeconds; d != nil {
			errs = append(errs, validateDuration(p.Child("leaseDurationSeconds"), *d)...)
		}
		errs = append(errs, meta.NonNegativeOr(p.Child("leaseTransitions"), o.Spec.LeaseTransitions)...)
		return append(errs, validateStrategy(&o.Spec, p)...)
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

// dropElection: leaders are not elected by others than themselves yet. What was
// stored keeps what it has.
func dropElection(s, old *coordinationv1.LeaseSpec) {
	if old.Strategy == nil {
		s.Strategy = nil
	}
	if old.PreferredHolder == nil {
		s.PreferredHolder = nil
	}
}

func validateDuration(p *field.Path, seconds int32) field.ErrorList {
	if seconds > 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p, seconds, "must be greater than 0")}
}

// validateStrategy: how a leader is chosen is Kubernetes' one way or somebody's
// own, which has a domain. Clients get its faults at strategy.strategy.
func validateStrategy(s *coordinationv1.LeaseSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.Strategy != nil {
		at := p.Child("strategy", "strategy")
		if strings.Contains(string(*s.Strategy), "/") {
			errs = append(errs, meta.Invalid(at, *s.Strategy, validation.IsQualifiedName(string(*s.Strategy)))...)
		} else {
			errs = append(errs, meta.OneOf(at, *s.Strategy, coordinationv1.OldestEmulationVersion)...)
		}
	}
	if ptr.Deref(s.PreferredHolder, "") != "" && ptr.Deref(s.Strategy, "") == "" {
		errs = append(errs, field.Forbidden(p.Child("preferredHolder"), "may only be specified if `strategy` is defined"))
	}
	return errs
}
