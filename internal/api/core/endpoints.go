package core

import (
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Endpoints lists the addresses behind a Service, all in one object.
var Endpoints = api.Define(api.Kind[*corev1.Endpoints]{
	GVK: gv.WithKind("Endpoints"), Plural: "endpoints", Prefix: "services/endpoints", Namespaced: true,
	Singular: "endpoints", ShortNames: []string{"ep"},
	New: api.New[corev1.Endpoints], NewList: api.NewList[corev1.EndpointsList],
	AllowCreateOnUpdate: true,

	Default: func(o *corev1.Endpoints) {
		for i := range o.Subsets {
			for j := range o.Subsets[i].Ports {
				meta.Fill(&o.Subsets[i].Ports[j].Protocol, corev1.ProtocolTCP)
			}
		}
	},
	ValidateNew:    validateEndpoints,
	ValidateUpdate: validateEndpointsUpdate,
	Warnings:       endpointsWarnings,

	Columns: table.Of("Name", "Endpoints", "Age").Docs(map[string]string{"Endpoints": corev1.Endpoints{}.SwaggerDoc()["subsets"]}),
	Row: func(o *corev1.Endpoints) []any {
		return []any{o.Name, endpointsCell(o), table.Age(o.CreationTimestamp)}
	},
})

func validateEndpointsUpdate(o, old *corev1.Endpoints) field.ErrorList {
	errs := validateEndpoints(o)
	// What was taken once may stay as it is; that it did is looked at last,
	// since there may be much of it.
	if len(errs) > 0 && equality.Semantic.DeepEqual(o.Subsets, old.Subsets) {
		return nil
	}
	return errs
}

func validateEndpoints(o *corev1.Endpoints) field.ErrorList {
	var errs field.ErrorList
	for i := range o.Subsets {
		s, p := &o.Subsets[i], field.NewPath("subsets").Index(i)
		if len(s.Addresses)+len(s.NotReadyAddresses) == 0 {
			errs = append(errs, field.Required(p, "must specify `addresses` or `notReadyAddresses`"))
		}
		errs = append(errs, validateAddresses(s.Addresses, p.Child("addresses"))...)
		errs = append(errs, validateAddresses(s.NotReadyAddresses, p.Child("notReadyAddresses"))...)
		for j := range s.Ports {
			errs = append(errs, validateEndpointPort(&s.Ports[j], len(s.Ports) > 1, p.Child("ports").Index(j))...)
		}
	}
	return errs
}

func validateEndpointPort(port *corev1.EndpointPort, named bool, p *field.Path) field.ErrorList {
	errs := meta.Optional(p.Child("name"), port.Name, validation.IsDNS1123Label)
	if named && port.Name == "" {
		errs = append(errs, field.Required(p.Child("name"), ""))
	}
	errs = append(errs, meta.Port(p.Child("port"), port.Port)...)
	errs = append(errs, meta.Enum(p.Child("protocol"), port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
	if port.AppProtocol != nil {
		errs = append(errs, meta.Invalid(p.Child("appProtocol"), *port.AppProtocol, validation.IsQualifiedName(*port.AppProtocol))...)
	}
	return errs
}

func validateAddresses(list []corev1.EndpointAddress, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, a := range list {
		ip := p.Index(i).Child("ip")
		errs = append(errs, meta.IP(ip, a.IP)...)
		errs = append(errs, meta.Optional(p.Index(i).Child("hostname"), a.Hostname, validation.IsDNS1123Label)...)
		if n := a.NodeName; n != nil {
			errs = append(errs, meta.Invalid(p.Index(i).Child("nodeName"), *n, meta.Subdomain(*n, false))...)
		}
		errs = append(errs, meta.EndpointIP(ip, a.IP)...)
	}
	return errs
}

// endpointsManaged is the label of Endpoints that the controller makes out of
// well-formed parts.
const endpointsManaged = "endpoints.kubernetes.io/managed-by"

func endpointsWarnings(o *corev1.Endpoints) []string {
	if o.Labels[endpointsManaged] == "endpoint-controller" {
		return nil
	}
	var out []string
	for i, s := range o.Subsets {
		p := field.NewPath("subsets").Index(i)
		for j, a := range s.Addresses {
			out = append(out, meta.IPWarnings(p.Child("addresses").Index(j).Child("ip"), a.IP)...)
		}
		for j, a := range s.NotReadyAddresses {
			out = append(out, meta.IPWarnings(p.Child("notReadyAddresses").Index(j).Child("ip"), a.IP)...)
		}
	}
	return out
}

// endpointsCell goes port by port, so that the addresses of the first port
// come first. Subsets that are there, with no address ready, print as nothing.
func endpointsCell(o *corev1.Endpoints) string {
	var list []string
	for _, s := range o.Subsets {
		if len(s.Ports) == 0 {
			for _, a := range s.Addresses {
				list = append(list, a.IP)
			}
		}
		for _, p := range s.Ports {
			for _, a := range s.Addresses {
				list = append(list, net.JoinHostPort(a.IP, strconv.Itoa(int(p.Port))))
			}
		}
	}
	if len(list) == 0 && len(o.Subsets) > 0 {
		return ""
	}
	return table.First(list, 3, " + %d more...")
}
