package networking

import (
	networkingv1 "k8s.io/api/networking/v1"

	"skiff/internal/api"
)

// NetworkPolicy says which traffic pods admit.
var NetworkPolicy = api.Define(api.Kind[*networkingv1.NetworkPolicy]{
	GVK: gv.WithKind("NetworkPolicy"), Plural: "networkpolicies", Prefix: "networkpolicies", Namespaced: true,
	ShortNames: []string{"netpol"},
	New:        api.New[networkingv1.NetworkPolicy], NewList: api.NewList[networkingv1.NetworkPolicyList],
	Spec: func(o *networkingv1.NetworkPolicy) any { return o.Spec },
})
