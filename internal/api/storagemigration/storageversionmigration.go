package storagemigration

import (
	"strings"

	storagemigrationv1 "k8s.io/api/storagemigration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
)

// StorageVersionMigration rewrites stored objects in the present version.
var StorageVersionMigration = api.Define(api.Kind[*storagemigrationv1.StorageVersionMigration]{
	GVK: gv.WithKind("StorageVersionMigration"), Plural: "storageversionmigrations", Prefix: "storageversionmigrations",
	New: api.New[storagemigrationv1.StorageVersionMigration], NewList: api.NewList[storagemigrationv1.StorageVersionMigrationList],
	RequireResourceVersion: true,
	Spec:                   func(o *storagemigrationv1.StorageVersionMigration) any { return &o.Spec },

	Validate: func(o *storagemigrationv1.StorageVersionMigration) field.ErrorList {
		return validateResource(o.Spec.Resource, field.NewPath("spec", "resource"))
	},
	ValidateUpdate: func(o, old *storagemigrationv1.StorageVersionMigration) field.ErrorList {
		return apivalidation.ValidateImmutableField(o.Spec, old.Spec, field.NewPath("spec"))
	},
	Parts: []api.PartOf[*storagemigrationv1.StorageVersionMigration]{
		api.StatusOnly(func(dst, src *storagemigrationv1.StorageVersionMigration) { dst.Status = src.Status }).Validated(validateStatus),
	},
})

// validateResource wants a plural, and a group unless it is the core one. What
// is wrong with one of them is one error.
func validateResource(r metav1.GroupResource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if r.Resource == "" {
		errs = append(errs, field.Required(p.Child("resource"), "resource is required to be set"))
	} else if why := validation.IsDNS1035Label(r.Resource); len(why) > 0 {
		errs = append(errs, field.Invalid(p.Child("resource"), r.Resource, strings.Join(why, ",")))
	}
	if why := validation.IsDNS1123Subdomain(r.Group); r.Group != "" && len(why) > 0 {
		errs = append(errs, field.Invalid(p.Child("group"), r.Group, strings.Join(why, ",")))
	}
	return errs
}

func validateStatus(o, old *storagemigrationv1.StorageVersionMigration) field.ErrorList {
	cp := field.NewPath("status", "conditions")
	errs := validateRevision(o.Status.ResourceVersion, field.NewPath("status", "resourceVersion"))
	errs = append(errs, metavalidation.ValidateConditions(o.Status.Conditions, cp)...)
	if was := old.Status.ResourceVersion; was != "" {
		errs = append(errs, apivalidation.ValidateImmutableField(o.Status.ResourceVersion, was, field.NewPath("status", "resourceVersion"))...)
	}
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

// validateRevision: whoever writes a status knows up to which revision objects
// are to be rewritten.
func validateRevision(revision string, p *field.Path) field.ErrorList {
	if _, err := resourceversion.CompareResourceVersion(revision, revision); err != nil {
		return field.ErrorList{field.Invalid(p, revision, err.Error())}
	}
	return nil
}

func is(o *storagemigrationv1.StorageVersionMigration, t storagemigrationv1.MigrationConditionType) bool {
	return meta.IsStatusConditionTrue(o.Status.Conditions, string(t))
}
