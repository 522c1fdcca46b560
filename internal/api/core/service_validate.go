package core

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

func validateService(o *corev1.Service) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := validateServicePorts(s, p.Child("ports"))
	errs = append(errs, validateServiceType(s, p)...)
	errs = append(errs, meta.Labels(p.Child("selector"), s.Selector)...)
	errs = append(errs, meta.Enum(p.Child("sessionAffinity"), s.SessionAffinity, corev1.ServiceAffinityClientIP, corev1.ServiceAffinityNone)...)
	if c := s.SessionAffinityConfig; c != nil && c.ClientIP != nil && c.ClientIP.TimeoutSeconds != nil {
		const day = 86400
		if t := *c.ClientIP.TimeoutSeconds; t <= 0 || t > day {
			errs = append(errs, field.Invalid(p.Child("sessionAffinityConfig", "clientIP", "timeoutSeconds"), t,
				fmt.Sprintf("must be greater than 0 and less than %d", day)))
		}
	}
	for i, ip := range s.ExternalIPs {
		errs = append(errs, meta.EndpointIP(p.Child("externalIPs").Index(i), ip)...)
	}
	errs = append(errs, meta.EnumOr(p.Child("trafficDistribution"), s.TrafficDistribution, corev1.ServiceTrafficDistributionPreferClose,
		corev1.ServiceTrafficDistributionPreferSameNode, corev1.ServiceTrafficDistributionPreferSameZone)...)
	errs = append(errs, validateTrafficPolicies(s, p)...)
	return append(errs, validateClusterIPs(s, p)...)
}

func validateServiceType(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	errs := meta.Enum(p.Child("type"), s.Type, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName,
		corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort)
	headless := s.ClusterIP == corev1.ClusterIPNone
	switch s.Type {
	case corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort:
		if headless {
			errs = append(errs, field.Invalid(p.Child("clusterIPs").Index(0), s.ClusterIP,
				fmt.Sprintf("may not be set to 'None' for %s services", s.Type)))
		}
	case corev1.ServiceTypeExternalName:
		if len(s.ClusterIPs) > 0 || s.ClusterIP != "" {
			errs = append(errs, field.Forbidden(p.Child("clusterIPs"), "may not be set for ExternalName services"))
		}
		if len(s.IPFamilies) > 0 {
			errs = append(errs, field.Forbidden(p.Child("ipFamilies"), "may not be set for ExternalName services"))
		}
		if s.IPFamilyPolicy != nil {
			errs = append(errs, field.Forbidden(p.Child("ipFamilyPolicy"), "may not be set for ExternalName services"))
		}
		errs = append(errs, meta.Required(p.Child("externalName"), strings.TrimSuffix(s.ExternalName, "."), validation.IsDNS1123Subdomain)...)
	}
	if s.Type != corev1.ServiceTypeLoadBalancer {
		if s.AllocateLoadBalancerNodePorts != nil {
			errs = append(errs, field.Forbidden(p.Child("allocateLoadBalancerNodePorts"), "may only be used when `type` is 'LoadBalancer'"))
		}
		if len(s.LoadBalancerSourceRanges) > 0 {
			errs = append(errs, field.Forbidden(p.Child("LoadBalancerSourceRanges"), "may only be used when `type` is 'LoadBalancer'"))
		}
		if s.LoadBalancerClass != nil {
			errs = append(errs, field.Forbidden(p.Child("loadBalancerClass"), "may only be used when `type` is 'LoadBalancer'"))
		}
	} else if c := s.LoadBalancerClass; c != nil {
		errs = append(errs, meta.Invalid(p.Child("loadBalancerClass"), *c, validation.IsQualifiedName(*c))...)
	}
	for i, r := range s.LoadBalancerSourceRanges {
		errs = append(errs, validation.IsValidCIDRForLegacyField(p.Child("LoadBalancerSourceRanges").Index(i), strings.TrimSpace(r), false, nil)...)
	}
	return errs
}

func validateServicePorts(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	if len(s.Ports) == 0 && s.ClusterIP != corev1.ClusterIPNone && s.Type != corev1.ServiceTypeExternalName {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	names, ports, nodePorts := meta.Unique[string]{}, meta.Unique[string]{}, meta.Unique[string]{}
	for i := range s.Ports {
		port, ip := &s.Ports[i], p.Index(i)
		errs = append(errs, validateServicePort(port, len(s.Ports) > 1, ip)...)
		if port.Name != "" {
			errs = append(errs, names.Check(ip.Child("name"), port.Name)...)
		}
		if len(ports.Check(ip, fmt.Sprintf("%s/%d", port.Protocol, port.Port))) > 0 {
			errs = append(errs, field.Duplicate(ip, corev1.ServicePort{Protocol: port.Protocol, Port: port.Port}))
		}
		if port.NodePort == 0 {
			continue
		}
		if !needsNodePort(s) {
			errs = append(errs, field.Forbidden(ip.Child("nodePort"), fmt.Sprintf("may not be used when `type` is '%s'", s.Type)))
		}
		if len(nodePorts.Check(ip, fmt.Sprintf("%s/%d", port.Protocol, port.NodePort))) > 0 {
			errs = append(errs, field.Duplicate(ip.Child("nodePort"), port.NodePort))
		}
	}
	return errs
}

func validateServicePort(port *corev1.ServicePort, named bool, p *field.Path) field.ErrorList {
	errs := meta.Optional(p.Child("name"), port.Name, validation.IsDNS1123Label)
	if named && port.Name == "" {
		errs = append(errs, field.Required(p.Child("name"), ""))
	}
	errs = append(errs, meta.Port(p.Child("port"), port.Port)...)
	errs = append(errs, meta.Enum(p.Child("protocol"), port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
	errs = append(errs, pod.PortOrName(p.Child("targetPort"), port.TargetPort)...)
	if port.AppProtocol != nil {
		errs = append(errs, meta.Invalid(p.Child("appProtocol"), *port.AppProtocol, validation.IsQualifiedName(*port.AppProtocol))...)
	}
	return errs
}

func validateTrafficPolicies(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	ep := p.Child("externalTrafficPolicy")
	switch {
	case !reachableFromOutside(s) && s.ExternalTrafficPolicy != "":
		errs = append(errs, field.Invalid(ep, s.ExternalTrafficPolicy, "may only be set for externally-accessible services"))
	case reachableFromOutside(s):
		errs = append(errs, meta.Enum(ep, s.ExternalTrafficPolicy,
			corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)...)
	}
	if s.HealthCheckNodePort != 0 && !needsHealthCheck(s) {
		errs = append(errs, field.Invalid(p.Child("healthCheckNodePort"), s.HealthCheckNodePort,
			"may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
	}
	return append(errs, meta.EnumOr(p.Child("internalTrafficPolicy"), s.InternalTrafficPolicy,
		corev1.ServiceInternalTrafficPolicyCluster, corev1.ServiceInternalTrafficPolicyLocal)...)
}

func validateClusterIPs(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	cp := p.Child("clusterIPs")
	var errs field.ErrorList
	errs = append(errs, meta.EnumOr(p.Child("ipFamilyPolicy"), s.IPFamilyPolicy,
		corev1.IPFamilyPolicyPreferDualStack, corev1.IPFamilyPolicyRequireDualStack, corev1.IPFamilyPolicySingleStack)...)
	errs = append(errs, validateFamilies(s, p.Child("ipFamilies"))...)
	if len(s.ClusterIPs) == 0 {
		if s.ClusterIP != "" {
			errs = append(errs, field.Required(cp, ""))
		}
		return errs
	}
	if s.ClusterIP != s.ClusterIPs[0] {
		errs = append(errs, field.Invalid(cp, s.ClusterIPs, "first value must match `clusterIP`"))
	}
	if len(s.ClusterIPs) > 2 {
		errs = append(errs, field.Invalid(cp, s.ClusterIPs, "may only hold up to 2 values"))
	}
	for i, ip := range s.ClusterIPs {
		switch {
		case ip == corev1.ClusterIPNone && len(s.ClusterIPs) > 1:
			errs = append(errs, field.Invalid(cp, s.ClusterIPs, "'None' must be the first and only value"))
		case ip != corev1.ClusterIPNone:
			errs = append(errs, validation.IsValidIPForLegacyField(cp.Index(i), ip, false, nil)...)
			if i < len(s.IPFamilies) && (s.IPFamilies[i] == corev1.IPv6Protocol) != strings.Contains(ip, ":") {
				errs = append(errs, field.Invalid(cp.Index(i), ip, fmt.Sprintf("expected an %s value as indicated by `ipFamilies[%d]`", s.IPFamilies[i], i)))
			}
		}
	}
	if len(s.ClusterIPs) == 2 && strings.Contains(s.ClusterIPs[0], ":") == strings.Contains(s.ClusterIPs[1], ":") {
		errs = append(errs, field.Invalid(cp, s.ClusterIPs, "may specify no more than one IP for each IP family"))
	}
	return errs
}

func validateFamilies(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(s.IPFamilies) > 2 {
		errs = append(errs, field.Invalid(p, s.IPFamilies, "may only hold up to 2 values"))
	}
	seen := meta.Unique[corev1.IPFamily]{}
	for i, f := range s.IPFamilies {
		errs = append(errs, meta.Enum(p.Index(i), f, corev1.IPv4Protocol, corev1.IPv6Protocol)...)
		errs = append(errs, seen.Check(p.Index(i), f)...)
	}
	return errs
}

func validateServiceUpdate(o, old *corev1.Service) field.ErrorList {
	s, was, p := &o.Spec, &old.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if needsClusterIP(s) && needsClusterIP(was) && len(was.ClusterIPs) > 0 {
		cp := p.Child("clusterIPs")
		switch {
		case len(s.ClusterIPs) == 0:
			errs = append(errs, field.Invalid(cp.Index(0), s.ClusterIPs, "primary clusterIP can not be unset"))
		case s.ClusterIPs[0] != was.ClusterIPs[0]:
			errs = append(errs, field.Invalid(cp.Index(0), s.ClusterIPs, "may not change once set"))
		case len(s.IPFamilies) > 0 && len(was.IPFamilies) > 0 && s.IPFamilies[0] != was.IPFamilies[0]:
			errs = append(errs, field.Invalid(p.Child("ipFamilies").Index(0), s.IPFamilies, "may not change once set"))
		case len(s.ClusterIPs) > 1 && len(was.ClusterIPs) > 1 && !slices.Equal(s.ClusterIPs, was.ClusterIPs):
			errs = append(errs, field.Invalid(cp.Index(1), s.ClusterIPs, "may not change once set"))
		}
	}
	if s.Type == corev1.ServiceTypeLoadBalancer && was.Type == s.Type {
		if c := s.LoadBalancerClass; !same(c, was.LoadBalancerClass) {
			errs = append(errs, field.Invalid(p.Child("loadBalancerClass"), c, "may not change once set"))
		}
	}
	return errs
}
