package networking

import (
	networkingv1 "k8s.io/api/networking/v1"

	"skiff/internal/api"
)

// IngressClass names an ingress controller.
var IngressClass = api.Define(api.Kind[*networkingv1.IngressClass]{
	GVK: gv.WithKind("IngressClass"), Plural: "ingressclasses", Prefix: "ingressclasses",
	New: api.New[networkingv1.IngressClass], NewList: api.NewList[networkingv1.IngressClassList],
	Spec: func(o *networkingv1.IngressClass) any { return o.Spec },
})
