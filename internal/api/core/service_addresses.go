package core

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

	"skiff/internal/api/meta"
)

// headless: nobody asks for an address.
func headless(s *corev1.ServiceSpec) bool {
	return len(s.ClusterIPs) == 1 && s.ClusterIPs[0] == corev1.ClusterIPNone
}

// ClusterIPFaults are what is wrong with a Service's addresses and families as
// they are written, whatever the cluster has. Addresses of old may stay. The
// API server asks before it allocates.
func ClusterIPFaults(s, old *corev1.ServiceSpec) field.ErrorList {
	if !needsClusterIP(s) {
		return nil
	}
	p := field.NewPath("spec")
	ips := p.Child("clusterIPs")
	var errs field.ErrorList
	switch {
	case s.ClusterIP != "" && len(s.ClusterIPs) == 0:
		errs = append(errs, field.Required(ips, ""))
	case s.ClusterIP != "" && s.ClusterIPs[0] != s.ClusterIP:
		errs = append(errs, field.Invalid(ips, s.ClusterIPs, "first value must match `clusterIP`"))
	case s.ClusterIP == "" && len(s.ClusterIPs) > 0:
		errs = append(errs, field.Invalid(ips, s.ClusterIPs, "must be empty when `clusterIP` is not specified"))
	}
	families := meta.Unique[corev1.IPFamily]{}
	for i, f := range s.IPFamilies {
		errs = append(errs, meta.OneOf(p.Child("ipFamilies").Index(i), f, corev1.IPv4Protocol, corev1.IPv6Protocol)...)
		errs = append(errs, families.Check(p.Child("ipFamilies").Index(i), f)...)
	}
	errs = append(errs, meta.EnumOr(p.Child("ipFamilyPolicy"), s.IPFamilyPolicy,
		corev1.IPFamilyPolicyPreferDualStack, corev1.IPFamilyPolicyRequireDualStack, corev1.IPFamilyPolicySingleStack)...)
	bad := eachClusterIP(s, old, ips)
	errs = append(errs, bad...)
	if len(s.ClusterIPs) > 2 {
		errs = append(errs, field.Invalid(ips, s.ClusterIPs, "may only hold up to 2 values"))
	}
	if len(bad) > 0 {
		return errs // what follows would speak of the wrong ones
	}
	return append(errs, familiesOfIPs(s, ips)...)
}

func eachClusterIP(s, old *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, ip := range s.ClusterIPs {
		switch {
		case i > 0 || ip != corev1.ClusterIPNone:
			errs = append(errs, meta.IP(p.Index(i), ip, old.ClusterIPs...)...)
		case len(s.ClusterIPs) > 1:
			errs = append(errs, field.Invalid(p, s.ClusterIPs, "'None' must be the first and only value"))
		}
	}
	return errs
}

// familiesOfIPs: one address of each family, in the order of the families.
func familiesOfIPs(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if dual, _ := netutils.IsDualStackIPStrings(s.ClusterIPs); len(s.ClusterIPs) > 1 && !dual {
		errs = append(errs, field.Invalid(p, s.ClusterIPs, "may specify no more than one IP for each IP family"))
	}
	if headless(s) {
		return errs
	}
	for i := range min(len(s.ClusterIPs), len(s.IPFamilies)) {
		ip, family := s.ClusterIPs[i], s.IPFamilies[i]
		six := netutils.IsIPv6String(ip)
		if family == corev1.IPv4Protocol && six || family == corev1.IPv6Protocol && !six {
			errs = append(errs, field.Invalid(p.Index(i), ip, fmt.Sprintf("expected an %s value as indicated by `ipFamilies[%d]`", family, i)))
		}
	}
	return errs
}

// validateServiceUpdate judges what changes, and then the whole.
func validateServiceUpdate(o, old *corev1.Service) field.ErrorList {
	s, was, p := &o.Spec, &old.Spec, field.NewPath("spec")
	errs := append(clusterIPsUpdate(s, was, p), familiesUpdate(s, was, p)...)
	if s.Type == corev1.ServiceTypeLoadBalancer && was.Type == s.Type && !same(s.LoadBalancerClass, was.LoadBalancerClass) {
		errs = append(errs, field.Invalid(p.Child("loadBalancerClass"), s.LoadBalancerClass, unchanging))
	}
	if needsHealthCheck(s) && needsHealthCheck(was) && s.HealthCheckNodePort != was.HealthCheckNodePort {
		errs = append(errs, field.Forbidden(p.Child("healthCheckNodePort"), "field is immutable"))
	}
	return append(errs, validateService(o, old)...)
}

const unchanging = "may not change once set"

// clusterIPsUpdate: addresses stay. A second one may come, and may go when it
// is said that it is not wanted.
func clusterIPsUpdate(s, was *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	if !needsClusterIP(s) || !needsClusterIP(was) || headless(s) && headless(was) {
		return nil
	}
	ips := p.Child("clusterIPs")
	var errs field.ErrorList
	switch now, before := len(s.ClusterIPs), len(was.ClusterIPs); {
	case before == 0:
		return nil
	case now == 0:
		return field.ErrorList{field.Invalid(ips.Index(0), s.ClusterIPs, "primary clusterIP can not be unset")}
	case now == before:
		for i := range s.ClusterIPs {
			if s.ClusterIPs[i] != was.ClusterIPs[i] {
				errs = append(errs, field.Invalid(ips.Index(i), s.ClusterIPs, unchanging))
			}
		}
	case s.ClusterIPs[0] != was.ClusterIPs[0]:
		errs = append(errs, field.Invalid(ips.Index(0), s.ClusterIPs, unchanging))
	}
	if len(s.ClusterIPs) == 1 && len(was.ClusterIPs) > 1 {
		errs = append(errs, released(s, p, "clusterIP")...)
	}
	return errs
}

// familiesUpdate is clusterIPsUpdate for families. Those of a Service without
// addresses may change.
func familiesUpdate(s, was *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	if !needsClusterIP(s) || !needsClusterIP(was) || headless(s) || headless(was) || len(was.IPFamilies) == 0 {
		return nil
	}
	at := p.Child("ipFamilies").Index(0)
	var errs field.ErrorList
	now, before := len(s.IPFamilies), len(was.IPFamilies)
	switch {
	case now < before && len(s.ClusterIPs) == 0:
		errs = append(errs, field.Invalid(at, s.IPFamilies, "primary ipFamily can not be unset"))
	case now == before:
		for i := range s.IPFamilies {
			if s.IPFamilies[i] != was.IPFamilies[i] {
				errs = append(errs, field.Invalid(at, s.IPFamilies, unchanging))
			}
		}
	}
	if now != before && now > 0 && s.IPFamilies[0] != was.IPFamilies[0] {
		errs = append(errs, field.Invalid(at, s.ClusterIPs, unchanging))
	}
	if now == 1 && before > 1 {
		errs = append(errs, released(s, p, "ipFamily")...)
	}
	return errs
}

// released: what was second goes only when it is said that one is enough.
func released(s *corev1.ServiceSpec, p *field.Path, what string) field.ErrorList {
	if s.IPFamilyPolicy != nil && *s.IPFamilyPolicy == corev1.IPFamilyPolicySingleStack {
		return nil
	}
	return field.ErrorList{field.Invalid(p.Child("ipFamilyPolicy"), s.IPFamilyPolicy,
		fmt.Sprintf("must be set to 'SingleStack' when releasing the secondary %s", what))}
}
