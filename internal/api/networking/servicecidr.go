package networking

import (
	networkingv1 "k8s.io/api/networking/v1"

	"skiff/internal/api"
)

// ServiceCIDR is a range for Service addresses.
var ServiceCIDR = api.Define(api.Kind[*networkingv1.ServiceCIDR]{
	GVK: gv.WithKind("ServiceCIDR"), Plural: "servicecidrs", Prefix: "servicecidrs",
	New: api.New[networkingv1.ServiceCIDR], NewList: api.NewList[networkingv1.ServiceCIDRList],
	Parts: []api.PartOf[*networkingv1.ServiceCIDR]{
		api.Status(func(dst, src *networkingv1.ServiceCIDR) { dst.Status = src.Status }),
	},
})
