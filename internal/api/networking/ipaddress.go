package networking

import (
	"net/netip"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
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
		a, err := netip.ParseAddr(name)
		switch {
		case err != nil:
			return []string{"not a valid ip address"}
		case a.String() != name:
			return []string{"must be a canonical IP address (" + a.String() + ")"}
		}
		return nil
	},

	Validate: func(o *networkingv1.IPAddress) field.ErrorList {
		p := field.NewPath("spec", "parentRef")
		if o.Spec.ParentRef == nil {
			return field.ErrorList{field.Required(p, "")}
		}
		errs := meta.Required(p.Child("resource"), o.Spec.ParentRef.Resource, nil)
		return append(errs, meta.Required(p.Child("name"), o.Spec.ParentRef.Name, nil)...)
	},
	ValidateUpdate: func(o, old *networkingv1.IPAddress) field.ErrorList {
		return meta.Immutable(field.NewPath("spec", "parentRef"), o.Spec.ParentRef, old.Spec.ParentRef)
	},

	Columns: table.Of("Name", "ParentRef", "Age"),
	Row: func(o *networkingv1.IPAddress) []any {
		parent := table.None
		if r := o.Spec.ParentRef; r != nil {
			parts := []string{}
			for _, s := range []string{r.Group, r.Resource, r.Namespace, r.Name} {
				if s != "" {
					parts = append(parts, s)
				}
			}
			parent = strings.Join(parts, "/")
		}
		return []any{o.Name, parent, table.Age(o.CreationTimestamp)}
	},
})
