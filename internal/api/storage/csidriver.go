package storage

import (
	"strings"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// CSIDriver says how a storage driver wants to be used.
var CSIDriver = api.Define(api.Kind[*storagev1.CSIDriver]{
	GVK: gv.WithKind("CSIDriver"), Plural: "csidrivers", Prefix: "csidrivers", ReturnsDeleted: true,
	New: api.New[storagev1.CSIDriver], NewList: api.NewList[storagev1.CSIDriverList],
	RequireResourceVersion: true,
	// What names may be is for validateDriver to say.
	ValidateName: meta.PathSegment,

	Default: func(o *storagev1.CSIDriver) {
		s := &o.Spec
		meta.FillPtr(&s.AttachRequired, true)
		meta.FillPtr(&s.PodInfoOnMount, false)
		meta.FillPtr(&s.StorageCapacity, false)
		meta.FillPtr(&s.FSGroupPolicy, storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy)
		meta.FillPtr(&s.RequiresRepublish, false)
		meta.FillPtr(&s.SELinuxMount, false)
		if len(s.VolumeLifecycleModes) == 0 {
			s.VolumeLifecycleModes = []storagev1.VolumeLifecycleMode{storagev1.VolumeLifecyclePersistent}
		}
	},
	// Only a change gives a driver a generation.
	PrepareCreate: func(o *storagev1.CSIDriver) { o.Generation = 0 },
	Validate:      validateDriver,
	ValidateUpdate: func(o, old *storagev1.CSIDriver) field.ErrorList {
		p := field.NewPath("spec")
		errs := meta.Immutable(p.Child("attachedRequired"), o.Spec.AttachRequired, old.Spec.AttachRequired)
		return append(errs, meta.Immutable(p.Child("volumeLifecycleModes"), o.Spec.VolumeLifecycleModes, old.Spec.VolumeLifecycleModes)...)
	},
	Warnings: driverWarnings,
	UpdateWarnings: func(o, old *storagev1.CSIDriver) []string {
		if equality.Semantic.DeepEqual(o.Spec.TokenRequests, old.Spec.TokenRequests) {
			return nil
		}
		return driverWarnings(o)
	},
	Spec: func(o *storagev1.CSIDriver) any { return &o.Spec },

	Columns: table.Of("Name", "AttachRequired", "PodInfoOnMount", "StorageCapacity", "TokenRequests", "RequiresRepublish", "Modes", "Age").
		Booleans("AttachRequired", "PodInfoOnMount", "StorageCapacity", "RequiresRepublish").
		Docs(map[string]string{
			"AttachRequired":    storagev1.CSIDriverSpec{}.SwaggerDoc()["attachRequired"],
			"PodInfoOnMount":    storagev1.CSIDriverSpec{}.SwaggerDoc()["podInfoOnMount"],
			"StorageCapacity":   storagev1.CSIDriverSpec{}.SwaggerDoc()["storageCapacity"],
			"TokenRequests":     storagev1.CSIDriverSpec{}.SwaggerDoc()["tokenRequests"],
			"RequiresRepublish": storagev1.CSIDriverSpec{}.SwaggerDoc()["requiresRepublish"],
			"Modes":             storagev1.CSIDriverSpec{}.SwaggerDoc()["volumeLifecycleModes"],
		}),
	Row: driverRow,
})

// Bounds of how long a token, and what a driver says of its limits, may hold.
const (
	minTokenSeconds  = 10 * 60
	maxTokenSeconds  = 1 << 32
	minUpdateSeconds = 10
)

func validateDriver(o *storagev1.CSIDriver) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := driverName(field.NewPath("name"), o.Name)
	errs = append(errs, meta.EnumOr(p.Child("fsGroupPolicy"), s.FSGroupPolicy,
		storagev1.FileFSGroupPolicy, storagev1.NoneFSGroupPolicy, storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy)...)
	errs = append(errs, validateTokens(s.TokenRequests, p.Child("tokenRequests"))...)
	modes := []storagev1.VolumeLifecycleMode{storagev1.VolumeLifecyclePersistent, storagev1.VolumeLifecycleEphemeral}
	for _, m := range s.VolumeLifecycleModes {
		errs = append(errs, meta.OneOf(p.Child("volumeLifecycleModes"), m, modes...)...)
	}
	if n := s.NodeAllocatableUpdatePeriodSeconds; n != nil && *n < minUpdateSeconds {
		errs = append(errs, field.Invalid(p.Child("nodeAllocatableUpdatePeriodSeconds"), *n, "must be greater than or equal to 10 seconds"))
	}
	if in := s.ServiceAccountTokenInSecrets; in != nil && len(s.TokenRequests) == 0 {
		errs = append(errs, field.Invalid(p.Child("serviceAccountTokenInSecrets"), *in, "serviceAccountTokenInSecrets is set but no tokenRequests are specified"))
	}
	return errs
}

func validateTokens(requests []storagev1.TokenRequest, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	audiences := meta.Unique[string]{}
	for i, r := range requests {
		if twice := audiences.Check(p.Index(i).Child("audience"), r.Audience); len(twice) > 0 {
			errs = append(errs, twice...)
			continue
		}
		switch sp := p.Index(i).Child("expirationSeconds"); {
		case r.ExpirationSeconds == nil:
		case *r.ExpirationSeconds < minTokenSeconds:
			errs = append(errs, field.Invalid(sp, *r.ExpirationSeconds, "may not specify a duration less than 10 minutes"))
		case *r.ExpirationSeconds > maxTokenSeconds:
			errs = append(errs, field.Invalid(sp, *r.ExpirationSeconds, "may not specify a duration larger than 2^32 seconds"))
		}
	}
	return errs
}

// driverWarnings: what drivers log of a volume's context is for no token.
func driverWarnings(o *storagev1.CSIDriver) []string {
	if len(o.Spec.TokenRequests) == 0 || o.Spec.ServiceAccountTokenInSecrets != nil {
		return nil
	}
	return []string{"spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, " +
		"set to true to prevent possible logging of tokens in volume attributes"}
}

func driverRow(o *storagev1.CSIDriver) []any {
	s := o.Spec
	var tokens, modes []string
	for _, t := range s.TokenRequests {
		tokens = append(tokens, t.Audience)
	}
	for _, m := range s.VolumeLifecycleModes {
		modes = append(modes, string(m))
	}
	return []any{
		o.Name, s.AttachRequired == nil || *s.AttachRequired, isTrue(s.PodInfoOnMount), isTrue(s.StorageCapacity),
		table.Or(strings.Join(tokens, ","), table.Unset), isTrue(s.RequiresRepublish), table.Join(modes), table.Age(o.CreationTimestamp),
	}
}

func isTrue(b *bool) bool { return b != nil && *b }
