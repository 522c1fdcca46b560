package networking

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// NetworkPolicy says which traffic pods admit.
var NetworkPolicy = api.Define(api.Kind[*networkingv1.NetworkPolicy]{
	GVK: gv.WithKind("NetworkPolicy"), Plural: "networkpolicies", Prefix: "networkpolicies", Namespaced: true,
	ShortNames: []string{"netpol"},
	New:        api.New[networkingv1.NetworkPolicy], NewList: api.NewList[networkingv1.NetworkPolicyList],

	Default:  defaultPolicy,
	Validate: validatePolicy,
	Spec:     func(o *networkingv1.NetworkPolicy) any { return o.Spec },

	Columns: table.Of("Name", "Pod-Selector", "Age"),
	Row: func(o *networkingv1.NetworkPolicy) []any {
		return []any{o.Name, table.Selector(&o.Spec.PodSelector), table.Age(o.CreationTimestamp)}
	},
})

// defaultPolicy: a policy is about traffic in, and about traffic out when it
// has rules for it.
func defaultPolicy(o *networkingv1.NetworkPolicy) {
	s := &o.Spec
	if len(s.PolicyTypes) == 0 {
		s.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(s.Egress) > 0 {
			s.PolicyTypes = append(s.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	eachRule(o, func(ports []networkingv1.NetworkPolicyPort, _ []networkingv1.NetworkPolicyPeer, _ *field.Path, _ string) {
		for i := range ports {
			meta.FillPtr(&ports[i].Protocol, corev1.ProtocolTCP)
		}
	})
}

// eachRule calls f with every rule; peers stand in the field called side.
func eachRule(o *networkingv1.NetworkPolicy, f func(ports []networkingv1.NetworkPolicyPort, peers []networkingv1.NetworkPolicyPeer, p *field.Path, side string)) {
	for i, r := range o.Spec.Ingress {
		f(r.Ports, r.From, field.NewPath("spec", "ingress").Index(i), "from")
	}
	for i, r := range o.Spec.Egress {
		f(r.Ports, r.To, field.NewPath("spec", "egress").Index(i), "to")
	}
}

func validatePolicy(o *networkingv1.NetworkPolicy) field.ErrorList {
	p := field.NewPath("spec")
	errs := meta.Selector(p.Child("podSelector"), &o.Spec.PodSelector)
	eachRule(o, func(ports []networkingv1.NetworkPolicyPort, peers []networkingv1.NetworkPolicyPeer, p *field.Path, side string) {
		for i := range ports {
			errs = append(errs, validatePolicyPort(&ports[i], p.Child("ports").Index(i))...)
		}
		for i := range peers {
			errs = append(errs, validatePeer(&peers[i], p.Child(side).Index(i))...)
		}
	})
	if len(o.Spec.PolicyTypes) > 2 {
		errs = append(errs, field.Invalid(p.Child("policyTypes"), o.Spec.PolicyTypes, "may not specify more than two policyTypes"))
	}
	for i, t := range o.Spec.PolicyTypes {
		errs = append(errs, meta.Enum(p.Child("policyTypes").Index(i), t, networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress)...)
	}
	return errs
}

func validatePolicyPort(port *networkingv1.NetworkPolicyPort, p *field.Path) field.ErrorList {
	errs := meta.EnumOr(p.Child("protocol"), port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)
	if port.Port != nil {
		errs = append(errs, pod.PortOrName(p.Child("port"), *port.Port)...)
	}
	if port.EndPort == nil {
		return errs
	}
	switch ep := p.Child("endPort"); {
	case port.Port == nil:
		errs = append(errs, field.Required(p.Child("port"), "must be specified when `endPort` is specified"))
	case port.Port.Type == intstr.String:
		errs = append(errs, field.Invalid(ep, *port.EndPort, "may not be specified when `port` is non-numeric"))
	case *port.EndPort < port.Port.IntVal:
		errs = append(errs, field.Invalid(ep, *port.EndPort, "must be greater than or equal to `port`"))
	default:
		errs = append(errs, meta.Port(ep, *port.EndPort)...)
	}
	return errs
}

func validatePeer(peer *networkingv1.NetworkPolicyPeer, p *field.Path) field.ErrorList {
	errs := meta.Selector(p.Child("podSelector"), peer.PodSelector)
	errs = append(errs, meta.Selector(p.Child("namespaceSelector"), peer.NamespaceSelector)...)
	selects := peer.PodSelector != nil || peer.NamespaceSelector != nil
	switch {
	case peer.IPBlock == nil && !selects:
		errs = append(errs, field.Required(p, "must specify a peer"))
	case peer.IPBlock != nil && selects:
		errs = append(errs, field.Forbidden(p, "may not specify both ipBlock and another peer"))
	case peer.IPBlock != nil:
		errs = append(errs, validateBlock(peer.IPBlock, p.Child("ipBlock"))...)
	}
	return errs
}

func validateBlock(b *networkingv1.IPBlock, p *field.Path) field.ErrorList {
	errs := validation.IsValidCIDRForLegacyField(p.Child("cidr"), b.CIDR, false, nil)
	whole, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return errs
	}
	for i, e := range b.Except {
		ep := p.Child("except").Index(i)
		bad := validation.IsValidCIDRForLegacyField(ep, e, false, nil)
		errs = append(errs, bad...)
		if hole, err := netip.ParsePrefix(e); err == nil && len(bad) == 0 && (hole.Bits() <= whole.Bits() || !whole.Contains(hole.Addr())) {
			errs = append(errs, field.Invalid(ep, e, "must be a strict subset of `cidr`"))
		}
	}
	return errs
}
