package core

import (
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
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
	Validate: validateEndpoints,

	Columns: table.Of("Name", "Endpoints", "Age").Docs(map[string]string{"Endpoints": corev1.Endpoints{}.SwaggerDoc()["subsets"]}),
	Row: func(o *corev1.Endpoints) []any {
		return []any{o.Name, endpointsCell(o), table.Age(o.CreationTimestamp)}
	},
})

func validateEndpoints(o *corev1.Endpoints) field.ErrorList {
	var errs field.ErrorList
	for i := range o.Subsets {
		s, p := &o.Subsets[i], field.NewPath("subsets").Index(i)
		if len(s.Addresses)+len(s.NotReadyAddresses) == 0 {
			errs = append(errs, field.Required(p, "must specify `addresses` or `notReadyAddresses`"))
		}
		errs = append(errs, validateAddresses(s.Addresses, p.Child("addresses"))...)
		errs = append(errs, validateAddresses(s.NotReadyAddresses, p.Child("notReadyAddresses"))...)
		for j, port := range s.Ports {
			pp := p.Child("ports").Index(j)
			if port.Name == "" && len(s.Ports) > 1 {
				errs = append(errs, field.Required(pp.Child("name"), ""))
			}
			errs = append(errs, meta.Optional(pp.Child("name"), port.Name, validation.IsDNS1123Label)...)
			errs = append(errs, meta.Port(pp.Child("port"), port.Port)...)
			errs = append(errs, meta.Enum(pp.Child("protocol"), port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
		}
	}
	return errs
}

func validateAddresses(list []corev1.EndpointAddress, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, a := range list {
		errs = append(errs, meta.EndpointIP(p.Index(i).Child("ip"), a.IP)...)
		errs = append(errs, meta.Optional(p.Index(i).Child("hostname"), a.Hostname, validation.IsDNS1123Label)...)
		if a.NodeName != nil {
			errs = append(errs, meta.Name(p.Index(i).Child("nodeName"), *a.NodeName, meta.Subdomain)...)
		}
	}
	return errs
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
