package core

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Namespace is a scope for names. It goes when all that is in it has gone:
// until then the finalizer "kubernetes", in its spec, holds it.
var Namespace = api.Define(api.Kind[*corev1.Namespace]{
	GVK: gv.WithKind("Namespace"), Plural: "namespaces", Prefix: "namespaces",
	ShortNames: []string{"ns"},
	New:        api.New[corev1.Namespace], NewList: api.NewList[corev1.NamespaceList],
	Verbs:        []string{"create", "delete", "get", "list", "patch", "update", "watch"},
	ValidateName: meta.Label,

	Default: func(o *corev1.Namespace) {
		meta.Fill(&o.Status.Phase, corev1.NamespaceActive)
		labelName(o)
	},
	PrepareCreate: func(o *corev1.Namespace) {
		o.Status.Phase = corev1.NamespaceActive
		labelName(o)
		if !slices.Contains(o.Spec.Finalizers, corev1.FinalizerKubernetes) {
			o.Spec.Finalizers = append(o.Spec.Finalizers, corev1.FinalizerKubernetes)
		}
	},
	PrepareUpdate: func(o, old *corev1.Namespace) { o.Spec.Finalizers = old.Spec.Finalizers },
	Validate:      validateNamespace,
	Deleting: func(o *corev1.Namespace) bool {
		o.Status.Phase = corev1.NamespaceTerminating
		return len(o.Spec.Finalizers) == 0
	},

	Parts: []api.PartOf[*corev1.Namespace]{
		api.Status(func(dst, src *corev1.Namespace) { dst.Status = src.Status }).Along(copyHolders).Validated(validateNamespaceStatus),
		{
			Name: "finalize", NoRead: true, Copy: copyFinalized,
			Validate: func(o, _ *corev1.Namespace) field.ErrorList { return validateNamespace(o) },
		},
	},

	Columns: table.Of("Name", "Status", "Age").Docs(map[string]string{"Status": "The status of the namespace"}),
	Row: func(o *corev1.Namespace) []any {
		return []any{o.Name, string(o.Status.Phase), table.Age(o.CreationTimestamp)}
	},
	FieldNames: []string{"status.phase"},
	Fields: func(o *corev1.Namespace) map[string]string {
		return map[string]string{"status.phase": string(o.Status.Phase)}
	},
})

// copyFinalized: who finalizes a namespace may write all of it but its status.
func copyFinalized(dst, src *corev1.Namespace) {
	dst.Spec = src.Spec
	dst.SetLabels(src.GetLabels())
	dst.SetAnnotations(src.GetAnnotations())
	copyHolders(dst, src)
	labelName(dst)
}

// labelName puts the name among the labels, where selectors can see it. A
// generated name is there only once it is made, just before PrepareCreate.
func labelName(o *corev1.Namespace) {
	if o.Name == "" {
		return
	}
	if o.Labels == nil {
		o.Labels = map[string]string{}
	}
	o.Labels[corev1.LabelMetadataName] = o.Name
}

func validateNamespace(o *corev1.Namespace) field.ErrorList {
	var errs field.ErrorList
	for i, f := range o.Spec.Finalizers {
		errs = append(errs, meta.FinalizerName(field.NewPath("spec", "finalizers").Index(i), string(f))...)
	}
	return errs
}

func validateNamespaceStatus(o, _ *corev1.Namespace) field.ErrorList {
	p := field.NewPath("status", "Phase")
	switch {
	case o.DeletionTimestamp.IsZero() && o.Status.Phase != corev1.NamespaceActive:
		return field.ErrorList{field.Invalid(p, o.Status.Phase, "may only be 'Active' if `deletionTimestamp` is empty")}
	case !o.DeletionTimestamp.IsZero() && o.Status.Phase != corev1.NamespaceTerminating:
		return field.ErrorList{field.Invalid(p, o.Status.Phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")}
	}
	return nil
}
