package storage

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// StorageClass names a way to make volumes.
var StorageClass = api.Define(api.Kind[*storagev1.StorageClass]{
	GVK: gv.WithKind("StorageClass"), Plural: "storageclasses", Prefix: "storageclasses", ReturnsDeleted: true,
	ShortNames: []string{"sc"},
	New:        api.New[storagev1.StorageClass], NewList: api.NewList[storagev1.StorageClassList],

	Default: func(o *storagev1.StorageClass) {
		meta.FillPtr(&o.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)
		meta.FillPtr(&o.VolumeBindingMode, storagev1.VolumeBindingImmediate)
	},
	ValidateNew: func(o *storagev1.StorageClass) field.ErrorList {
		return append(validateClass(o), meta.Required(field.NewPath("provisioner"), o.Provisioner, nil)...)
	},
	ValidateUpdate: validateClassUpdate,
	Warnings:       classWarnings,

	Columns: table.Of("Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age").
		Docs(map[string]string{
			"Provisioner":          storagev1.StorageClass{}.SwaggerDoc()["provisioner"],
			"ReclaimPolicy":        storagev1.StorageClass{}.SwaggerDoc()["reclaimPolicy"],
			"VolumeBindingMode":    storagev1.StorageClass{}.SwaggerDoc()["volumeBindingMode"],
			"AllowVolumeExpansion": storagev1.StorageClass{}.SwaggerDoc()["allowVolumeExpansion"],
		}),
	Row: classRow,
})

// validateClass judges a class, but for a provisioner that is missing.
func validateClass(o *storagev1.StorageClass) field.ErrorList {
	errs := provisioner(field.NewPath("provisioner"), o.Provisioner)
	errs = append(errs, validateParameters(o.Parameters, field.NewPath("parameters"))...)
	if r := o.ReclaimPolicy; r != nil && *r != "" {
		errs = append(errs, meta.OneOf(field.NewPath("reclaimPolicy"), *r, corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRetain)...)
	}
	errs = append(errs, meta.EnumOr(field.NewPath("volumeBindingMode"), o.VolumeBindingMode,
		storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer)...)
	return append(errs, validateTopologies(o.AllowedTopologies, field.NewPath("allowedTopologies"))...)
}

func validateClassUpdate(o, old *storagev1.StorageClass) field.ErrorList {
	errs := validateClass(o)
	errs = append(errs, meta.Fixed(field.NewPath("provisioner"), o.Provisioner, old.Provisioner)...)
	errs = append(errs, meta.Fixed(field.NewPath("parameters"), o.Parameters, old.Parameters)...)
	errs = append(errs, meta.Fixed(field.NewPath("reclaimPolicy"), o.ReclaimPolicy, old.ReclaimPolicy)...)
	return append(errs, meta.Fixed(field.NewPath("volumeBindingMode"), o.VolumeBindingMode, old.VolumeBindingMode)...)
}

func classWarnings(o *storagev1.StorageClass) []string {
	var out []string
	for i, t := range o.AllowedTopologies {
		for j, r := range t.MatchLabelExpressions {
			out = append(out, meta.NodeLabelWarnings(field.NewPath("allowedTopologies").Index(i).Child("matchLabelExpressions").Index(j).Child("key"), r.Key)...)
		}
	}
	return out
}

// validateTopologies judges where volumes may be made: terms that differ, each
// with requirements of different keys.
func validateTopologies(terms []corev1.TopologySelectorTerm, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	var before []map[string]map[string]bool
	for i, t := range terms {
		ep := p.Index(i).Child("matchLabelExpressions")
		wants := map[string]map[string]bool{}
		for j, r := range t.MatchLabelExpressions {
			values := meta.Unique[string]{}
			if len(r.Values) == 0 {
				errs = append(errs, field.Required(ep.Index(j).Child("values"), ""))
			}
			for k, v := range r.Values {
				errs = append(errs, values.Check(ep.Index(j).Child("values").Index(k), v)...)
			}
			errs = append(errs, metavalidation.ValidateLabelName(r.Key, ep.Index(j).Child("key"))...)
			if wants[r.Key] != nil {
				errs = append(errs, field.Duplicate(ep.Index(j).Child("key"), r.Key))
			}
			wants[r.Key] = values
		}
		if slices.ContainsFunc(before, func(b map[string]map[string]bool) bool { return equality.Semantic.DeepEqual(b, wants) }) {
			errs = append(errs, field.Duplicate(ep, ""))
		}
		before = append(before, wants)
	}
	return errs
}

// defaultAnnotations mark the class of claims that name none.
var defaultAnnotations = []string{"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}

func classRow(o *storagev1.StorageClass) []any {
	name := o.Name
	for _, a := range defaultAnnotations {
		if o.Annotations[a] == "true" {
			name = o.Name + " (default)"
		}
	}
	policy, mode := string(corev1.PersistentVolumeReclaimDelete), string(storagev1.VolumeBindingImmediate)
	if o.ReclaimPolicy != nil {
		policy = string(*o.ReclaimPolicy)
	}
	if o.VolumeBindingMode != nil {
		mode = string(*o.VolumeBindingMode)
	}
	expand := o.AllowVolumeExpansion != nil && *o.AllowVolumeExpansion
	return []any{name, o.Provisioner, policy, mode, expand, table.Age(o.CreationTimestamp)}
}
