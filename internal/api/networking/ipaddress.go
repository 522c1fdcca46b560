package networking

import (
	networkingv1 "k8s.io/api/networking/v1"

	"skiff/internal/api"
)

// IPAddress is an address of a Service, taken.
var IPAddress = api.Define(api.Kind[*networkingv1.IPAddress]{
	GVK: gv.WithKind("IPAddress"), Plural: "ipaddresses", Prefix: "ipaddresses",
	ShortNames: []string{"ip"},
	New:        api.New[networkingv1.IPAddress], NewList: api.NewList[networkingv1.IPAddressList],
})
