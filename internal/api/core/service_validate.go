package core

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

func validateNewService(o *corev1.Service) field.ErrorList {
	return validateService(o, &corev1.Service{})
}

// validateService judges a whole Service. Addresses that old had may stay,
// though today they would be refused.
func validateService(o, old *corev1.Service) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := validateTopologyModes(o.Annotations)
	if len(s.Ports) == 0 && !headless(s) && s.Type != corev1.ServiceTypeExternalName {
		errs = append(errs, field.Required(p.Child("ports"), ""))
	}
	errs = append(errs, validateServiceType(s, p)...)
	errs = append(errs, validateServicePorts(s, p.Child("ports"))...)
	errs = append(errs, meta.Labels(p.Child("selector"), s.Selector)...)
	errs = append(errs, validateAffinity(s, p)...)
	errs = append(errs, ClusterIPFaults(s, &old.Spec)...)
	errs = append(errs, validateExternalIPs(s, &old.Spec, p.Child("externalIPs"))...)
	errs = append(errs, meta.Enum(p.Child("type"), s.Type, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName,
		corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort)...)
	errs = append(errs, validateNodePorts(s, p.Child("ports"))...)
	errs = append(errs, validateSourceRanges(o, old)...)
	errs = append(errs, validateBalancer(s, p)...)
	errs = append(errs, validateTrafficPolicies(s, p)...)
	return append(errs, meta.EnumOr(p.Child("trafficDistribution"), s.TrafficDistribution, corev1.ServiceTrafficDistributionPreferClose,
		corev1.ServiceTrafficDistributionPreferSameNode, corev1.ServiceTrafficDistributionPreferSameZone)...)
}

// validateTopologyModes: two annotations say the same; the elder may not say
// something else.
func validateTopologyModes(a map[string]string) field.ErrorList {
	hints, elder := a[corev1.DeprecatedAnnotationTopologyAwareHints]
	mode, younger := a[corev1.AnnotationTopologyMode]
	if !elder || !younger || mode == hints {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("metadata", "annotations").Key(corev1.AnnotationTopologyMode), mode,
		fmt.Sprintf("must match annotations[%s] when both are specified", corev1.DeprecatedAnnotationTopologyAwareHints))}
}

func validateServiceType(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	switch s.Type {
	case corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort:
		if headless(s) {
			return field.ErrorList{field.Invalid(p.Child("clusterIPs").Index(0), s.ClusterIPs[0],
				fmt.Sprintf("may not be set to 'None' for %s services", s.Type))}
		}
	case corev1.ServiceTypeExternalName:
		return validateExternalName(s, p)
	}
	return nil
}

func validateExternalName(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"clusterIPs", len(s.ClusterIPs) > 0}, {"ipFamilies", len(s.IPFamilies) > 0}, {"ipFamilyPolicy", s.IPFamilyPolicy != nil},
	} {
		if f.set {
			errs = append(errs, field.Forbidden(p.Child(f.name), "may not be set for ExternalName services"))
		}
	}
	return append(errs, meta.Required(p.Child("externalName"), strings.TrimSuffix(s.ExternalName, "."), validation.IsDNS1123Subdomain)...)
}

func validateAffinity(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	errs := meta.Enum(p.Child("sessionAffinity"), s.SessionAffinity, corev1.ServiceAffinityClientIP, corev1.ServiceAffinityNone)
	c, at := s.SessionAffinityConfig, p.Child("sessionAffinityConfig")
	switch {
	case s.SessionAffinity == corev1.ServiceAffinityNone && c != nil:
		return append(errs, field.Forbidden(at, "must not be set when session affinity is None"))
	case s.SessionAffinity != corev1.ServiceAffinityClientIP:
		return errs
	case c == nil:
		return append(errs, field.Required(at, "when session affinity type is ClientIP"))
	case c.ClientIP == nil:
		return append(errs, field.Required(at.Child("clientIP"), "when session affinity type is ClientIP"))
	case c.ClientIP.TimeoutSeconds == nil:
		return append(errs, field.Required(at.Child("clientIP", "timeoutSeconds"), "when session affinity type is ClientIP"))
	}
	const day = 86400
	if t := *c.ClientIP.TimeoutSeconds; t <= 0 || t > day {
		errs = append(errs, field.Invalid(at.Child("clientIP", "timeoutSeconds"), t, fmt.Sprintf("must be greater than 0 and less than %d", day)))
	}
	return errs
}

func validateExternalIPs(s, old *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, ip := range s.ExternalIPs {
		bad := meta.IP(p.Index(i), ip, old.ExternalIPs...)
		if len(bad) == 0 {
			bad = meta.EndpointIP(p.Index(i), ip)
		}
		errs = append(errs, bad...)
	}
	return errs
}

// validateSourceRanges judges who may use a load balancer: by the field, or by
// the annotation that was there before it. Blanks around a range are fine.
func validateSourceRanges(o, old *corev1.Service) field.ErrorList {
	const key = corev1.AnnotationLoadBalancerSourceRangesKey
	p, ranges, known := field.NewPath("spec", "LoadBalancerSourceRanges"), o.Spec.LoadBalancerSourceRanges, old.Spec.LoadBalancerSourceRanges
	at := p.Index
	if len(ranges) == 0 {
		text, annotated := o.Annotations[key]
		if !annotated {
			return nil
		}
		p, known = field.NewPath("metadata", "annotations").Key(key), strings.Split(old.Annotations[key], ",")
		at = func(int) *field.Path { return p }
		if strings.TrimSpace(text) != "" {
			ranges = strings.Split(text, ",")
		}
	}
	var errs field.ErrorList
	if o.Spec.Type != corev1.ServiceTypeLoadBalancer {
		errs = append(errs, field.Forbidden(p, "may only be used when `type` is 'LoadBalancer'"))
	}
	for i, r := range ranges {
		errs = append(errs, meta.CIDR(at(i), strings.TrimSpace(r), trimmed(known)...)...)
	}
	return errs
}

func trimmed(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// validateBalancer judges what is said of a load balancer, if there is one.
func validateBalancer(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	const why = "may only be used when `type` is 'LoadBalancer'"
	var errs field.ErrorList
	c := s.LoadBalancerClass
	if s.Type == corev1.ServiceTypeLoadBalancer {
		if c != nil {
			errs = meta.Invalid(p.Child("loadBalancerClass"), *c, validation.IsQualifiedName(*c))
		}
		return errs
	}
	if s.AllocateLoadBalancerNodePorts != nil {
		errs = append(errs, field.Forbidden(p.Child("allocateLoadBalancerNodePorts"), why))
	}
	if c != nil {
		errs = append(errs, field.Forbidden(p.Child("loadBalancerClass"), why))
	}
	return errs
}

func validateTrafficPolicies(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	ep, hp := p.Child("externalTrafficPolicy"), p.Child("healthCheckNodePort")
	switch {
	case reachableFromOutside(s):
		errs = meta.Enum(ep, s.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)
	case s.ExternalTrafficPolicy != "":
		errs = append(errs, field.Invalid(ep, s.ExternalTrafficPolicy, "may only be set for externally-accessible services"))
	}
	switch port := s.HealthCheckNodePort; {
	case !needsHealthCheck(s) && port != 0:
		errs = append(errs, field.Invalid(hp, port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
	case needsHealthCheck(s) && port == 0:
		errs = append(errs, field.Required(hp, ""))
	case needsHealthCheck(s):
		errs = append(errs, meta.Port(hp, port)...)
	}
	ip := p.Child("internalTrafficPolicy")
	if s.InternalTrafficPolicy == nil && needsClusterIP(s) {
		return append(errs, field.Required(ip, ""))
	}
	return append(errs, meta.EnumOr(ip, s.InternalTrafficPolicy,
		corev1.ServiceInternalTrafficPolicyCluster, corev1.ServiceInternalTrafficPolicyLocal)...)
}
