package discovery

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

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

	Columns: table.Of("Name", "AddressType", "Ports", "Endpoints", "Age").Docs(map[string]string{
		"AddressType": discoveryv1.EndpointSlice{}.SwaggerDoc()["addressType"],
		"Ports":       discoveryv1.EndpointSlice{}.SwaggerDoc()["ports"],
		"Endpoints":   discoveryv1.EndpointSlice{}.SwaggerDoc()["endpoints"],
	}),
	Row: sliceRow,
})

// Bounds on the size of one slice.
const (
	maxEndpoints = 1000
	maxAddresses = 100
	maxPorts     = 20000
	maxTopology  = 16
	maxHints     = 8
)

func validateSlice(o *discoveryv1.EndpointSlice) field.ErrorList {
	errs := meta.Enum(field.NewPath("addressType"), o.AddressType,
		discoveryv1.AddressTypeFQDN, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6)
	ep := field.NewPath("endpoints")
	if len(o.Endpoints) > maxEndpoints {
		errs = append(errs, field.TooMany(ep, len(o.Endpoints), maxEndpoints))
	} else {
		for i := range o.Endpoints {
			errs = append(errs, validateEndpoint(&o.Endpoints[i], o.AddressType, ep.Index(i))...)
		}
	}
	pp := field.NewPath("ports")
	if len(o.Ports) > maxPorts {
		return append(errs, field.TooMany(pp, len(o.Ports), maxPorts))
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
		errs = append(errs, field.Required(ap, "must contain at least 1 address"))
	} else if len(e.Addresses) > maxAddresses {
		errs = append(errs, field.TooMany(ap, len(e.Addresses), maxAddresses))
	}
	for i, a := range e.Addresses {
		errs = append(errs, validateAddress(ap.Index(i), a, t)...)
	}
	if n := e.NodeName; n != nil {
		errs = append(errs, meta.Invalid(p.Child("nodeName"), *n, meta.Subdomain(*n, false))...)
	}
	if n := len(e.DeprecatedTopology); n > maxTopology {
		errs = append(errs, field.TooMany(p.Child("deprecatedTopology"), n, maxTopology))
	}
	errs = append(errs, meta.Labels(p.Child("deprecatedTopology"), e.DeprecatedTopology)...)
	if e.Hostname != nil {
		errs = append(errs, meta.Invalid(p.Child("hostname"), *e.Hostname, validation.IsDNS1123Label(*e.Hostname))...)
	}
	if e.Hints != nil {
		errs = append(errs, validateHints(e.Hints, p.Child("hints"))...)
	}
	return errs
}

// validateAddress judges an address of a type that is known.
func validateAddress(p *field.Path, address string, t discoveryv1.AddressType) field.ErrorList {
	switch t {
	case discoveryv1.AddressTypeFQDN:
		return validation.IsFullyQualifiedDomainName(p, address)
	case discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6:
		errs := meta.EndpointIP(p, address)
		family := discoveryv1.AddressTypeIPv4
		if netutils.IsIPv6String(address) {
			family = discoveryv1.AddressTypeIPv6
		}
		if family != t && netutils.ParseIPSloppy(address) != nil {
			errs = append(errs, field.Invalid(p, address, fmt.Sprintf("must be a valid %s address", t)))
		}
		return errs
	}
	return nil
}

// validateHints judges the zones and nodes that are to use an endpoint.
func validateHints(h *discoveryv1.EndpointHints, p *field.Path) field.ErrorList {
	zp, np := p.Child("forZones"), p.Child("forNodes")
	var errs field.ErrorList
	if n := len(h.ForZones); n > maxHints {
		return field.ErrorList{field.TooMany(zp, n, maxHints)}
	}
	zones, nodes := meta.Unique[string]{}, meta.Unique[string]{}
	for i, z := range h.ForZones {
		errs = append(errs, zones.Check(zp.Index(i).Child("name"), z.Name)...)
		errs = append(errs, meta.Invalid(zp.Index(i).Child("name"), z.Name, validation.IsValidLabelValue(z.Name))...)
	}
	if n := len(h.ForNodes); n > maxHints {
		return append(errs, field.TooMany(np, n, maxHints))
	}
	for i, n := range h.ForNodes {
		errs = append(errs, nodes.Check(np.Index(i).Child("name"), n.Name)...)
		errs = append(errs, meta.Invalid(np.Index(i).Child("name"), n.Name, meta.Subdomain(n.Name, false))...)
	}
	return errs
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
	if r := port.Protocol; r != nil && !slices.Contains(protocols, *r) {
		errs = append(errs, field.NotSupported(p.Child("protocol"), *r, protocols))
	}
	if a := port.AppProtocol; a != nil {
		errs = append(errs, meta.Invalid(p.Child("appProtocol"), *a, validation.IsQualifiedName(*a))...)
	}
	return errs
}

var protocols = []corev1.Protocol{corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP}

func sliceRow(o *discoveryv1.EndpointSlice) []any {
	var ports, addresses []string
	for _, p := range o.Ports {
		switch {
		case p.Port != nil:
			ports = append(ports, strconv.Itoa(int(*p.Port)))
		case p.Name != nil:
			ports = append(ports, *p.Name)
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
