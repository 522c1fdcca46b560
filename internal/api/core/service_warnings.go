package core

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// serviceWarnings remarks on what is on its way out, misspelled or without
// effect.
func serviceWarnings(o *corev1.Service) []string {
	var out []string
	if _, ok := o.Annotations[corev1.DeprecatedAnnotationTopologyAwareHints]; ok {
		out = append(out, fmt.Sprintf("annotation %s is deprecated, please use %s instead",
			corev1.DeprecatedAnnotationTopologyAwareHints, corev1.AnnotationTopologyMode))
	}
	out = append(out, addressWarnings(o)...)
	s := &o.Spec
	if s.Type == corev1.ServiceTypeExternalName && len(s.ExternalIPs) > 0 {
		out = append(out, fmt.Sprintf("spec.externalIPs is ignored when spec.type is %q", s.Type))
	}
	if s.Type != corev1.ServiceTypeExternalName && s.ExternalName != "" {
		out = append(out, fmt.Sprintf("spec.externalName is ignored when spec.type is not %q", corev1.ServiceTypeExternalName))
	}
	if d := s.TrafficDistribution; d != nil && *d == corev1.ServiceTrafficDistributionPreferClose {
		out = append(out, fmt.Sprintf("spec.trafficDistribution: %q is deprecated; use %q", *d, corev1.ServiceTrafficDistributionPreferSameZone))
	}
	return out
}

func addressWarnings(o *corev1.Service) []string {
	s, p := &o.Spec, field.NewPath("spec")
	var out []string
	for i, ip := range s.ClusterIPs {
		out = append(out, meta.IPWarnings(p.Child("clusterIPs").Index(i), ip)...)
	}
	out = append(out, headlessWarnings(s)...)
	for i, ip := range s.ExternalIPs {
		out = append(out, meta.IPWarnings(p.Child("externalIPs").Index(i), ip)...)
	}
	if len(s.ExternalIPs) > 0 && !withoutAddress(s) && s.Type != corev1.ServiceTypeExternalName {
		out = append(out, "spec.externalIPs is deprecated and may no longer be implemented in some clusters")
	}
	out = append(out, meta.IPWarnings(p.Child("loadBalancerIP"), s.LoadBalancerIP)...)
	for i, r := range s.LoadBalancerSourceRanges {
		out = append(out, meta.CIDRWarnings(p.Child("loadBalancerSourceRanges").Index(i), r)...)
	}
	return out
}

// withoutAddress is headless for a Service as it is sent, with one address.
func withoutAddress(s *corev1.ServiceSpec) bool {
	return s.Type == corev1.ServiceTypeClusterIP && s.ClusterIP == corev1.ClusterIPNone
}

func headlessWarnings(s *corev1.ServiceSpec) []string {
	if !withoutAddress(s) {
		return nil
	}
	var out []string
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"loadBalancerIP", s.LoadBalancerIP != ""}, {"externalIPs", len(s.ExternalIPs) > 0}, {"SessionAffinity", s.SessionAffinity != corev1.ServiceAffinityNone},
	} {
		if f.set {
			out = append(out, "spec."+f.name+" is ignored for headless services")
		}
	}
	return out
}

// ingressWarnings remarks on what load balancers write.
func ingressWarnings(o *corev1.Service) []string {
	var out []string
	for i, in := range o.Status.LoadBalancer.Ingress {
		out = append(out, meta.IPWarnings(field.NewPath("status", "loadBalancer", "ingress").Index(i), in.IP)...)
	}
	return out
}
