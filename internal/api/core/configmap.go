package core

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// ConfigMap holds configuration as keys and values.
var ConfigMap = api.Define(api.Kind[*corev1.ConfigMap]{
	GVK: gv.WithKind("ConfigMap"), Plural: "configmaps", Prefix: "configmaps", Namespaced: true,
	ShortNames: []string{"cm"},
	New:        api.New[corev1.ConfigMap], NewList: api.NewList[corev1.ConfigMapList],

	ValidateNew:    validateConfigMap,
	ValidateUpdate: validateConfigMapUpdate,

	Columns: table.Of("Name", "Data", "Age").Docs(map[string]string{"Data": corev1.ConfigMap{}.SwaggerDoc()["data"]}),
	Row: func(o *corev1.ConfigMap) []any {
		return []any{o.Name, int64(len(o.Data) + len(o.BinaryData)), table.Age(o.CreationTimestamp)}
	},
})

func validateConfigMap(o *corev1.ConfigMap) field.ErrorList {
	var errs field.ErrorList
	size := 0
	for _, k := range slices.Sorted(maps.Keys(o.Data)) {
		p := field.NewPath("data").Key(k)
		errs = append(errs, meta.Invalid(p, k, validation.IsConfigMapKey(k))...)
		if _, twice := o.BinaryData[k]; twice {
			errs = append(errs, field.Invalid(p, k, "duplicate of key present in binaryData"))
		}
		size += len(o.Data[k])
	}
	for _, k := range slices.Sorted(maps.Keys(o.BinaryData)) {
		errs = append(errs, meta.Invalid(field.NewPath("binaryData").Key(k), k, validation.IsConfigMapKey(k))...)
		size += len(o.BinaryData[k])
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(field.NewPath(""), "" /* the whole object */, corev1.MaxSecretSize))
	}
	return errs
}

func validateConfigMapUpdate(o, old *corev1.ConfigMap) field.ErrorList {
	errs := validateSealed(o.Immutable, old.Immutable)
	if old.Immutable != nil && *old.Immutable {
		if !equality.Semantic.DeepEqual(o.Data, old.Data) {
			errs = append(errs, field.Forbidden(field.NewPath("data"), sealed))
		}
		if !equality.Semantic.DeepEqual(o.BinaryData, old.BinaryData) {
			errs = append(errs, field.Forbidden(field.NewPath("binaryData"), sealed))
		}
	}
	return append(errs, validateConfigMap(o)...)
}

const sealed = "field is immutable when `immutable` is set"

// validateSealed: once an object is immutable, it stays so.
func validateSealed(is, was *bool) field.ErrorList {
	if was != nil && *was && (is == nil || !*is) {
		return field.ErrorList{field.Forbidden(field.NewPath("immutable"), sealed)}
	}
	return nil
}
