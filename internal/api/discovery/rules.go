package discovery

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

	"skiff/internal/api/meta"
)

// Bounds on the size of one slice.
const (
	maxEndpoints = 1000
	maxAddresses = 100
	maxPorts     = 20000
	maxTopology  = 16
	maxHints     = 8
)

func validateNewSlice(o *discoveryv1.EndpointSlice) field.ErrorList { return validateSlice(o, nil) }

func validateSliceUpdate(o, old *discoveryv1.EndpointSlice) field.ErrorList {
	return append(validateSlice(o, old), meta.Immutable(field.NewPath("addressType"), o.AddressType, old.AddressType)...)
}

// validateSlice judges a whole slice. Endpoints that were taken once may stay
// as they are in old; that they did is looked at last, since there may be many.
func validateSlice(o, old *discoveryv1.EndpointSlice) field.ErrorList {
	errs := meta.Enum(field.NewPath("addressType"), o.AddressType,
		discoveryv1.AddressTypeFQDN, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6)
	endpoints := validateEndpoints(o)
	if len(endpoints) > 0 && old != nil && equality.Semantic.DeepEqual(o.Endpoints, old.Endpoints) {
		endpoints = nil
	}
	return append(append(errs, endpoints...), validatePorts(o.Ports, field.NewPath("ports"))...)
}

func validateEndpoints(o *discoveryv1.EndpointSlice) field.ErrorList {
	p := field.NewPath("endpoints")
	if n := len(o.Endpoints); n > maxEndpoints {
		return field.ErrorList{field.TooMany(p, n, maxEndpoints)}
	}
	var errs field.ErrorList
	for i := range o.Endpoints {
		errs = append(errs, validateEndpoint(&o.Endpoints[i], o.AddressType, p.Index(i))...)
	}
	return errs
}

func validatePorts(ports []discoveryv1.EndpointPort, p *field.Path) field.ErrorList {
	if n := len(ports); n > maxPorts {
		return field.ErrorList{field.TooMany(p, n, maxPorts)}
	}
	var errs field.ErrorList
	names := meta.Unique[string]{}
	for i := range ports {
		errs = append(errs, validatePort(&ports[i], names, p.Index(i))...)
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
		errs = append(errs, validateAddress(ap, i, a, t)...)
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

// validateAddress judges an address of a type that is known, the i-th at p.
// That it is of the other family is said of them all.
func validateAddress(p *field.Path, i int, address string, t discoveryv1.AddressType) field.ErrorList {
	if t == discoveryv1.AddressTypeFQDN {
		return validation.IsFullyQualifiedDomainName(p.Index(i), address)
	}
	if t != discoveryv1.AddressTypeIPv4 && t != discoveryv1.AddressTypeIPv6 {
		return nil
	}
	errs := meta.IP(p.Index(i), address)
	if len(errs) > 0 {
		return errs
	}
	if netutils.IsIPv6String(address) != (t == discoveryv1.AddressTypeIPv6) {
		errs = append(errs, field.Invalid(p, address, fmt.Sprintf("must be an %s address", t)))
	}
	return append(errs, meta.EndpointIP(p.Index(i), address)...)
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

// dropTopology empties a field that only an older version may write. What it
// said of nodes that were known by it moves to where nodes are named now.
func dropTopology(o, old *discoveryv1.EndpointSlice) {
	if old != nil && equality.Semantic.DeepEqual(o.Endpoints, old.Endpoints) {
		return
	}
	known := map[string]bool{}
	if old != nil {
		for _, e := range old.Endpoints {
			known[e.DeprecatedTopology[corev1.LabelHostname]] = true
		}
	}
	for i := range o.Endpoints {
		e := &o.Endpoints[i]
		node, named := e.DeprecatedTopology[corev1.LabelHostname]
		if e.NodeName == nil && named && known[node] && len(meta.Subdomain(node, false)) == 0 {
			e.NodeName = &node
		}
		e.DeprecatedTopology = nil
	}
}

// newSliceWarnings remarks on new slices of names, beside their addresses.
func newSliceWarnings(o *discoveryv1.EndpointSlice) []string {
	out := addressWarnings(o, nil)
	if o.AddressType == discoveryv1.AddressTypeFQDN {
		return append([]string{"spec.addressType: FQDN endpoints are deprecated"}, out...)
	}
	return out
}

// addressWarnings remarks on addresses that are not spelled as they should be:
// those of Kubernetes' own controllers are.
func addressWarnings(o, _ *discoveryv1.EndpointSlice) []string {
	switch o.Labels[discoveryv1.LabelManagedBy] {
	case "endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io":
		return nil
	}
	var out []string
	for i, e := range o.Endpoints {
		for j, a := range e.Addresses {
			out = append(out, meta.IPWarnings(field.NewPath("endpoints").Index(i).Child("addresses").Index(j), a)...)
		}
	}
	return out
}
