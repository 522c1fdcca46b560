package networking

import (
	networkingv1 "k8s.io/api/networking/v1"

	"skiff/internal/api"
)

// Ingress routes HTTP to Services.
var Ingress = api.Define(api.Kind[*networkingv1.Ingress]{
	GVK: gv.WithKind("Ingress"), Plural: "ingresses", Prefix: "ingress", Namespaced: true,
	ShortNames: []string{"ing"},
	New:        api.New[networkingv1.Ingress], NewList: api.NewList[networkingv1.IngressList],
	Spec: func(o *networkingv1.Ingress) any { return o.Spec },
	Parts: []api.PartOf[*networkingv1.Ingress]{
		api.Status(func(dst, src *networkingv1.Ingress) { dst.Status = src.Status }),
	},
})
