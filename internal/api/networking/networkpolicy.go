package networking

import (
	"net"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

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

	Default:     defaultPolicy,
	ValidateNew: func(o *networkingv1.NetworkPolicy) field.ErrorList { return policyRules{}.validate(o) },
	ValidateUpdate: func(o, old *networkingv1.NetworkPolicy) field.ErrorList {
		return rulesBeside(old).validate(o)
	},
	Warnings: policyWarnings,
	Spec:     func(o *networkingv1.NetworkPolicy) any { return &o.Spec },

	Columns: table.Of("Name", "Pod-Selector", "Age").
		Docs(map[string]string{"Pod-Selector": networkingv1.NetworkPolicySpec{}.SwaggerDoc()["podSelector"]}),
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

// policyRules judge a policy. What is stored wrongly, from before there were
// rules against it, may stay.
type policyRules struct {
	selectors metavalidation.LabelSelectorValidationOptions
	known     []string // ranges that the stored policy has
}

func rulesBeside(old *networkingv1.NetworkPolicy) policyRules {
	var r policyRules
	r.selectors.AllowInvalidLabelValueInSelector = len(meta.Selector(nil, &old.Spec.PodSelector)) > 0
	eachBlock(old, func(b *networkingv1.IPBlock, _ *field.Path) {
		r.known = append(append(r.known, b.CIDR), b.Except...)
	})
	return r
}

func (r policyRules) validate(o *networkingv1.NetworkPolicy) field.ErrorList {
	p := field.NewPath("spec")
	errs := r.selector(p.Child("podSelector"), &o.Spec.PodSelector)
	eachRule(o, func(ports []networkingv1.NetworkPolicyPort, peers []networkingv1.NetworkPolicyPeer, p *field.Path, side string) {
		for i := range ports {
			errs = append(errs, validatePolicyPort(&ports[i], p.Child("ports").Index(i))...)
		}
		for i := range peers {
			errs = append(errs, r.peer(&peers[i], p.Child(side).Index(i))...)
		}
	})
	errs = append(errs, validatePolicyTypes(o.Spec.PolicyTypes, p.Child("policyTypes"))...)
	eachBlock(o, func(b *networkingv1.IPBlock, p *field.Path) {
		errs = append(errs, meta.Required(p.Child("cidr"), b.CIDR, nil)...)
	})
	return errs
}

func validatePolicyTypes(types []networkingv1.PolicyType, p *field.Path) field.ErrorList {
	if len(types) > 2 {
		return field.ErrorList{field.Invalid(p, types, "may not specify more than two policyTypes")}
	}
	var errs field.ErrorList
	for i, t := range types {
		errs = append(errs, meta.OneOf(p.Index(i), t, networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)...)
	}
	return errs
}

func (r policyRules) selector(p *field.Path, s *metav1.LabelSelector) field.ErrorList {
	return metavalidation.ValidateLabelSelector(s, r.selectors, p)
}

// eachBlock calls f with every range of addresses.
func eachBlock(o *networkingv1.NetworkPolicy, f func(b *networkingv1.IPBlock, p *field.Path)) {
	eachRule(o, func(_ []networkingv1.NetworkPolicyPort, peers []networkingv1.NetworkPolicyPeer, p *field.Path, side string) {
		for i, peer := range peers {
			if peer.IPBlock != nil {
				f(peer.IPBlock, p.Child(side).Index(i).Child("ipBlock"))
			}
		}
	})
}

// policyWarnings are about ranges that can be read in more than one way.
func policyWarnings(o *networkingv1.NetworkPolicy) []string {
	var warnings []string
	warn := func(p *field.Path, cidr string) {
		if _, _, err := netutils.ParseCIDRSloppy(cidr); err == nil { // what is no range is refused
			warnings = append(warnings, validation.GetWarningsForCIDR(p, cidr)...)
		}
	}
	eachBlock(o, func(b *networkingv1.IPBlock, p *field.Path) {
		warn(p.Child("cidr"), b.CIDR)
		for i, e := range b.Except {
			warn(p.Child("except").Index(i), e)
		}
	})
	return warnings
}

func validatePolicyPort(port *networkingv1.NetworkPolicyPort, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if port.Protocol != nil {
		errs = meta.OneOf(p.Child("protocol"), *port.Protocol, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)
	}
	ep := p.Child("endPort")
	switch {
	case port.Port == nil && port.EndPort == nil:
	case port.Port == nil:
		errs = append(errs, field.Invalid(ep, *port.EndPort, "may not be specified when `port` is not specified"))
	case port.EndPort == nil:
		errs = append(errs, pod.PortOrName(p.Child("port"), *port.Port)...)
	case port.Port.Type == intstr.String:
		errs = append(errs, field.Invalid(ep, *port.EndPort, "may not be specified when `port` is non-numeric"))
		errs = append(errs, pod.PortOrName(p.Child("port"), *port.Port)...)
	default:
		errs = append(errs, pod.PortOrName(p.Child("port"), *port.Port)...)
		if *port.EndPort < port.Port.IntVal {
			errs = append(errs, field.Invalid(ep, *port.EndPort, "must be greater than or equal to `port`"))
		}
		errs = append(errs, meta.Port(ep, *port.EndPort)...)
	}
	return errs
}

func (r policyRules) peer(peer *networkingv1.NetworkPolicyPeer, p *field.Path) field.ErrorList {
	errs := r.selector(p.Child("podSelector"), peer.PodSelector)
	errs = append(errs, r.selector(p.Child("namespaceSelector"), peer.NamespaceSelector)...)
	if peer.IPBlock != nil {
		errs = append(errs, r.block(peer.IPBlock, p.Child("ipBlock"))...)
	}
	switch selects := peer.PodSelector != nil || peer.NamespaceSelector != nil; {
	case peer.IPBlock == nil && !selects:
		errs = append(errs, field.Required(p, "must specify a peer"))
	case peer.IPBlock != nil && selects:
		errs = append(errs, field.Forbidden(p, "may not specify both ipBlock and another peer"))
	}
	return errs
}

// block judges a range; that there is one is asked for at the end.
func (r policyRules) block(b *networkingv1.IPBlock, p *field.Path) field.ErrorList {
	if b.CIDR == "" {
		return nil
	}
	errs := meta.CIDR(p.Child("cidr"), b.CIDR, r.known...)
	_, whole, err := netutils.ParseCIDRSloppy(b.CIDR)
	if err != nil {
		return errs
	}
	for i, e := range b.Except {
		ep := p.Child("except").Index(i)
		errs = append(errs, meta.CIDR(ep, e, r.known...)...)
		if _, hole, err := netutils.ParseCIDRSloppy(e); err == nil && !within(hole, whole) {
			errs = append(errs, field.Invalid(ep, e, "must be a strict subset of `cidr`"))
		}
	}
	return errs
}

// within says whether hole is a part of whole and not all of it.
func within(hole, whole *net.IPNet) bool {
	bits, _ := hole.Mask.Size()
	all, _ := whole.Mask.Size()
	return bits > all && whole.Contains(hole.IP)
}
