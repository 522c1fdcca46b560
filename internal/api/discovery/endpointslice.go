package discovery

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// EndpointSlice lists some of the addresses behind a Service.
var EndpointSlice = api.Define(api.Kind[*discoveryv1.EndpointSlice]{
	GVK: gv.WithKind("EndpointSlice"), Plural: "endpointslices", Prefix: "endpointslices", Namespaced: true,
	New: api.New[discoveryv1.EndpointSlice], NewList: api.NewList[discoveryv1.EndpointSliceList],

	Default: func(o *discoveryv1.EndpointSlice) {
		for i := range o.Ports {
			meta.FillPtr(&o.Ports[i].Name, "")
			meta.FillPtr(&o.Ports[i].Protocol, corev1.ProtocolTCP)
		}
	},
	Validate: validateSlice,
	ValidateUpdate: func(o, old *discoveryv1.EndpointSlice) field.ErrorList {
		return meta.Immutable(field.NewPath("addressType"), o.AddressType, old.AddressType)
	},
	Spec: func(o *discoveryv1.EndpointSlice) any { return []any{o.Endpoints, o.Ports, o.Labels} },

	Columns: table.Of("Name", "AddressType", "Ports", "Endpoints", "Age"),
	Row:     sliceRow,
})

// Bounds on the size of one slice.
const (
	maxEndpoints = 1000
	maxAddresses = 100
	maxPorts     = 20000
)

func validateSlice(o *discoveryv1.EndpointSlice) field.ErrorList {
	errs := meta.Enum(field.NewPath("addressType"), o.AddressType,
		discoveryv1.AddressTypeFQDN, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6)
	ep := field.NewPath("endpoints")
	if len(o.Endpoints) > maxEndpoints {
		errs = append(errs, field.TooMany(ep, len(o.Endpoints), maxEndpoints))
	}
	for i := range o.Endpoints {
		errs = append(errs, validateEndpoint(&o.Endpoints[i], o.AddressType, ep.Index(i))...)
	}
	pp := field.NewPath("ports")
	if len(o.Ports) > maxPorts {
		errs = append(errs, field.TooMany(pp, len(o.Ports), maxPorts))
	}
	names := meta.Unique[string]{}
	for i, p := range o.Ports {
		errs = append(errs, validatePort(&p, names, pp.Index(i))...)
	}
	return errs
}

func validateEndpoint(e *discoveryv1.Endpoint, t discoveryv1.AddressType, p *field.Path) field.ErrorList {
	ap := p.Child("addresses")
	var errs field.ErrorList
	if len(e.Addresses) == 0 {
		errs = append(errs, field.Required(ap, "must contain at least one address"))
	} else if len(e.Addresses) > maxAddresses {
		errs = append(errs, field.TooMany(ap, len(e.Addresses), maxAddresses))
	}
	for i, a := range e.Addresses {
		if t == discoveryv1.AddressTypeFQDN {
			errs = append(errs, validation.IsFullyQualifiedDomainName(ap.Index(i), a)...)
		} else {
			errs = append(errs, meta.EndpointIP(ap.Index(i), a)...)
		}
	}
	if e.NodeName != nil {
		errs = append(errs, meta.Name(p.Child("nodeName"), *e.NodeName, meta.Subdomain)...)
	}
	if e.Hostname != nil {
		errs = append(errs, meta.Invalid(p.Child("hostname"), *e.Hostname, validation.IsDNS1123Label(*e.Hostname))...)
	}
	return append(errs, meta.Labels(p.Child("deprecatedTopology"), e.DeprecatedTopology)...)
}

func validatePort(port *discoveryv1.EndpointPort, names meta.Unique[string], p *field.Path) field.ErrorList {
	var errs field.ErrorList
	name := ""
	if port.Name != nil {
		name = *port.Name
	}
	errs = append(errs, meta.Optional(p.Child("name"), name, validation.IsDNS1123Label)...)
	errs = append(errs, names.Check(p.Child("name"), name)...)
	if port.Protocol == nil {
		errs = append(errs, field.Required(p.Child("protocol"), ""))
	}
	return append(errs, meta.EnumOr(p.Child("protocol"), port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
}

func sliceRow(o *discoveryv1.EndpointSlice) []any {
	var ports, addresses []string
	for _, p := range o.Ports {
		switch {
		case p.Port != nil:
			ports = append(ports, strconv.Itoa(int(*p.Port)))
		case p.Name != nil && *p.Name != "":
			ports = append(ports, fmt.Sprintf("%s/*", *p.Name))
		default:
			ports = append(ports, "*")
		}
	}
	for _, e := range o.Endpoints {
		addresses = append(addresses, e.Addresses...)
	}
	return []any{o.Name, string(o.AddressType), upToThree(ports), upToThree(addresses), table.Age(o.CreationTimestamp)}
}

func upToThree(items []string) string {
	if len(items) == 0 {
		return table.Unset
	}
	return table.First(items, 3, " + %d more...")
}
