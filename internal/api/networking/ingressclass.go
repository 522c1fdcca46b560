package networking

import (
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// IngressClass names an ingress controller.
var IngressClass = api.Define(api.Kind[*networkingv1.IngressClass]{
	GVK: gv.WithKind("IngressClass"), Plural: "ingressclasses", Prefix: "ingressclasses",
	New: api.New[networkingv1.IngressClass], NewList: api.NewList[networkingv1.IngressClassList],

	Default: func(o *networkingv1.IngressClass) {
		if r := o.Spec.Parameters; r != nil {
			meta.FillPtr(&r.Scope, networkingv1.IngressClassParametersReferenceScopeCluster)
		}
	},
	Validate: func(o *networkingv1.IngressClass) field.ErrorList {
		p := field.NewPath("spec", "controller")
		if o.Spec.Controller == "" {
			return field.ErrorList{field.Required(p, "")}
		}
		return validation.IsDomainPrefixedPath(p, o.Spec.Controller)
	},
	ValidateUpdate: func(o, old *networkingv1.IngressClass) field.ErrorList {
		return meta.Immutable(field.NewPath("spec", "controller"), o.Spec.Controller, old.Spec.Controller)
	},
	Spec: func(o *networkingv1.IngressClass) any { return o.Spec },

	Columns: table.Of("Name", "Controller", "Parameters", "Age"),
	Row: func(o *networkingv1.IngressClass) []any {
		parameters := table.None
		if r := o.Spec.Parameters; r != nil {
			parameters = r.Kind
			if r.APIGroup != nil {
				parameters += "." + *r.APIGroup
			}
			parameters += "/" + r.Name
		}
		return []any{o.Name, o.Spec.Controller, parameters, table.Age(o.CreationTimestamp)}
	},
})
