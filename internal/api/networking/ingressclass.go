package networking

import (
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
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
	ValidateNew: validateClass,
	ValidateUpdate: func(o, old *networkingv1.IngressClass) field.ErrorList {
		return append(meta.Immutable(field.NewPath("spec", "controller"), o.Spec.Controller, old.Spec.Controller), validateClass(o)...)
	},
	Spec: func(o *networkingv1.IngressClass) any { return &o.Spec },

	Columns: table.Of("Name", "Controller", "Parameters", "Age").Docs(map[string]string{
		"Controller": "Controller that is responsible for handling this class",
		"Parameters": "A reference to a resource with additional parameters",
	}),
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

func validateClass(o *networkingv1.IngressClass) field.ErrorList {
	errs := validateController(field.NewPath("spec", "controller"), o.Spec.Controller)
	return append(errs, validateParameters(o.Spec.Parameters, field.NewPath("spec", "parameters"))...)
}

const maxControllerLength = 250

func validateController(p *field.Path, name string) field.ErrorList {
	var errs field.ErrorList
	if len(name) > maxControllerLength {
		errs = append(errs, field.TooLong(p, name, maxControllerLength))
	}
	return append(errs, validation.IsDomainPrefixedPath(p, name)...)
}

// validateParameters judges a reference to an object of any kind; what it must
// have and lacks is said last.
func validateParameters(r *networkingv1.IngressClassParametersReference, p *field.Path) field.ErrorList {
	if r == nil {
		return nil
	}
	var errs field.ErrorList
	if r.APIGroup != nil {
		errs = append(errs, meta.Invalid(p.Child("apiGroup"), *r.APIGroup, validation.IsDNS1123Subdomain(*r.APIGroup))...)
	}
	errs = append(errs, meta.Optional(p.Child("kind"), r.Kind, content.IsPathSegmentName)...)
	errs = append(errs, meta.Optional(p.Child("name"), r.Name, content.IsPathSegmentName)...)
	errs = append(errs, validateScope(r, p)...)
	errs = append(errs, meta.Required(p.Child("kind"), r.Kind, nil)...)
	return append(errs, meta.Required(p.Child("name"), r.Name, nil)...)
}

// validateScope wants a namespace for an object that lies in one, and none for
// another.
func validateScope(r *networkingv1.IngressClassParametersReference, p *field.Path) field.ErrorList {
	if r.Scope == nil {
		return field.ErrorList{field.Required(p.Child("scope"), "")}
	}
	switch np := p.Child("namespace"); *r.Scope {
	case networkingv1.IngressClassParametersReferenceScopeNamespace:
		if r.Namespace == nil {
			return field.ErrorList{field.Required(np, "`parameters.scope` is set to 'Namespace'")}
		}
		return meta.Invalid(np, *r.Namespace, meta.Label(*r.Namespace, false))
	case networkingv1.IngressClassParametersReferenceScopeCluster:
		if r.Namespace != nil {
			return field.ErrorList{field.Forbidden(np, "`parameters.scope` is set to 'Cluster'")}
		}
		return nil
	}
	return field.ErrorList{field.NotSupported(p.Child("scope"), *r.Scope, []string{
		networkingv1.IngressClassParametersReferenceScopeCluster, networkingv1.IngressClassParametersReferenceScopeNamespace})}
}
