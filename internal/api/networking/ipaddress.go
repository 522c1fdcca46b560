package networking

import (
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
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

	Validate: func(o *networkingv1.IPAddress) field.ErrorList {
		p := field.NewPath("spec", "parentRef")
		if o.Spec.ParentRef == nil {
			return field.ErrorList{field.Required(p, "")}
		}
		r := o.Spec.ParentRef
		errs := meta.Optional(p.Child("group"), r.Group, validation.IsDNS1123Subdomain)
		errs = append(errs, meta.Required(p.Child("resource"), r.Resource, content.IsPathSegmentName)...)
		errs = append(errs, meta.Required(p.Child("name"), r.Name, content.IsPathSegmentName)...)
		return append(errs, meta.Optional(p.Child("namespace"), r.Namespace, content.IsPathSegmentName)...)
	},
	ValidateUpdate: func(o, old *networkingv1.IPAddress) field.ErrorList {
		return meta.Immutable(field.NewPath("spec", "parentRef"), o.Spec.ParentRef, old.Spec.ParentRef)
	},

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
