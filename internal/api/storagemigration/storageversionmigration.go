package storagemigration

import (
	"strconv"

	storagemigrationv1 "k8s.io/api/storagemigration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
)

// StorageVersionMigration rewrites stored objects in the present version.
var StorageVersionMigration = api.Define(api.Kind[*storagemigrationv1.StorageVersionMigration]{
	GVK: gv.WithKind("StorageVersionMigration"), Plural: "storageversionmigrations", Prefix: "storageversionmigrations",
	New: api.New[storagemigrationv1.StorageVersionMigration], NewList: api.NewList[storagemigrationv1.StorageVersionMigrationList],
	RequireResourceVersion: true,
	Spec:                   func(o *storagemigrationv1.StorageVersionMigration) any { return o.Spec },

	Validate: func(o *storagemigrationv1.StorageVersionMigration) field.ErrorList {
		if o.Spec.Resource.Resource == "" {
			return field.ErrorList{field.Required(field.NewPath("spec", "resource", "resource"), "resource is required")}
		}
		return nil
	},
	// The paths are those that clients know, without the spec that they lie in.
	ValidateUpdate: func(o, old *storagemigrationv1.StorageVersionMigration) field.ErrorList {
		var errs field.ErrorList
		if r := o.Spec.Resource; r.Group != old.Spec.Resource.Group {
			errs = append(errs, field.Invalid(field.NewPath("group"), r.Group, apivalidation.FieldImmutableErrorMsg))
		}
		if r := o.Spec.Resource; r.Resource != old.Spec.Resource.Resource {
			errs = append(errs, field.Invalid(field.NewPath("resource"), r.Resource, apivalidation.FieldImmutableErrorMsg))
		}
		return errs
	},
	Parts: []api.PartOf[*storagemigrationv1.StorageVersionMigration]{
		api.StatusOnly(func(dst, src *storagemigrationv1.StorageVersionMigration) { dst.Status = src.Status }).Validated(validateStatus),
	},
})

func validateStatus(o, old *storagemigrationv1.StorageVersionMigration) field.ErrorList {
	cp := field.NewPath("status", "conditions")
	errs := validateRevision(o.Status.ResourceVersion, old.Status.ResourceVersion, field.NewPath("status", "resourceVersion"))
	errs = append(errs, metavalidation.ValidateConditions(o.Status.Conditions, cp)...)
	succeeded, failed := is(o, storagemigrationv1.MigrationSucceeded), is(o, storagemigrationv1.MigrationFailed)
	running := is(o, storagemigrationv1.MigrationRunning)
	for _, bad := range []struct {
		is  bool
		why string
	}{
		{succeeded && failed, "Both success and failed conditions cannot be true at the same time"},
		{succeeded && running, "Running condition cannot be true when success condition is true"},
		{failed && running, "Running condition cannot be true when failed condition is true"},
		{is(old, storagemigrationv1.MigrationSucceeded) && !succeeded, "Success condition cannot be set to false once it is true"},
		{is(old, storagemigrationv1.MigrationFailed) && !failed, "Failed condition cannot be set to false once it is true"},
	} {
		if bad.is {
			errs = append(errs, field.Invalid(cp, o.Status.Conditions, bad.why))
		}
	}
	return errs
}

// validateRevision wants the revision up to which objects are rewritten to be
// a number, and to stay once it is known.
func validateRevision(now, was string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if now != "" {
		n, err := strconv.ParseInt(now, 10, 64)
		if err != nil {
			errs = append(errs, field.Invalid(p, now, "failed to parse resource version "+strconv.Quote(now)+": "+err.Error()))
		}
		errs = append(errs, apivalidation.ValidateNonnegativeField(n, p)...)
	}
	if was != "" && now != was {
		errs = append(errs, field.Invalid(p, now, "cannot be updated"))
	}
	return errs
}

func is(o *storagemigrationv1.StorageVersionMigration, t storagemigrationv1.MigrationConditionType) bool {
	return meta.IsStatusConditionTrue(o.Status.Conditions, string(t))
}
