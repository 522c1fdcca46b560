package discovery

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

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
	PrepareCreate:  func(o *discoveryv1.EndpointSlice) { dropTopology(o, nil) },
	PrepareUpdate:  dropTopology,
	ValidateNew:    validateNewSlice,
	ValidateUpdate: validateSliceUpdate,
	Warnings:       newSliceWarnings,
	UpdateWarnings: addressWarnings,
	Spec:           func(o *discoveryv1.EndpointSlice) any { return []any{o.Endpoints, o.Ports, o.Labels} },

	Columns: table.Of("Name", "AddressType", "Ports", "Endpoints", "Age").Docs(map[string]string{
		"AddressType": discoveryv1.EndpointSlice{}.SwaggerDoc()["addressType"],
		"Ports":       discoveryv1.EndpointSlice{}.SwaggerDoc()["ports"],
		"Endpoints":   discoveryv1.EndpointSlice{}.SwaggerDoc()["endpoints"],
	}),
	Row: sliceRow,
})

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
	if strings.Join(items, ",") == "" {
		return table.Unset
	}
	return table.First(items, 3, " + %d more...")
}
