package networking

import (
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validate/content"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// IPAddress is an address of a Service, taken. Its name is the address.
var IPAddress = api.Define(api.Kind[*networkingv1.IPAddress]{
	GVK: gv.WithKind("IPAddress"), Plural: "ipaddresses", Prefix: "ipaddresses",
	ShortNames: []string{"ip"},
	New:        api.New[networkingv1.IPAddress], NewList: api.NewList[networkingv1.IPAddressList],
	ValidateName: func(name string, _ bool) []string {
		var why []string
		for _, e := range validation.IsValidIP(nil, name) {
			why = append(why, e.Detail)
		}
		return why
	},

	Validate:       func(o *networkingv1.IPAddress) field.ErrorList { return validateParent(o.Spec.ParentRef) },
	ValidateUpdate: validateSameParent,

	Columns: table.Of("Name", "ParentRef", "Age").
		Docs(map[string]string{"ParentRef": networkingv1.IPAddressSpec{}.SwaggerDoc()["parentRef"]}),
	Row: func(o *networkingv1.IPAddress) []any {
		parent := table.None
		if r := o.Spec.ParentRef; r != nil {
			parent = strings.ToLower(schema.GroupResource{Group: r.Group, Resource: r.Resource}.String())
			if r.Namespace != "" {
				parent += "/" + r.Namespace
			}
			parent += "/" + r.Name
		}
		return []any{o.Name, parent, table.Age(o.CreationTimestamp)}
	},
})

var parentRef = field.NewPath("spec", "parentRef")

// validateParent judges the reference to whom the address is for.
func validateParent(r *networkingv1.ParentReference) field.ErrorList {
	if r == nil {
		return field.ErrorList{field.Required(parentRef, "")}
	}
	errs := meta.Optional(parentRef.Child("group"), r.Group, validation.IsDNS1123Subdomain)
	errs = append(errs, meta.Optional(parentRef.Child("resource"), r.Resource, content.IsPathSegmentName)...)
	errs = append(errs, meta.Optional(parentRef.Child("name"), r.Name, content.IsPathSegmentName)...)
	errs = append(errs, meta.Optional(parentRef.Child("namespace"), r.Namespace, content.IsPathSegmentName)...)
	errs = append(errs, meta.Required(parentRef.Child("resource"), r.Resource, nil)...)
	return append(errs, meta.Required(parentRef.Child("name"), r.Name, nil)...)
}

func validateSameParent(o, old *networkingv1.IPAddress) field.ErrorList {
	if equality.Semantic.DeepEqual(o.Spec.ParentRef, old.Spec.ParentRef) {
		return nil
	}
	return field.ErrorList{field.Invalid(parentRef, nil, apivalidation.FieldImmutableErrorMsg)}
}
