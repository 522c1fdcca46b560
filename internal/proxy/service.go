package proxy

import (
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// clusterIPs are the Service's own addresses in one family; a headless Service
// has none.
func clusterIPs(svc *corev1.Service, f *family) []netip.Addr {
	all := svc.Spec.ClusterIPs
	if len(all) == 0 {
		all = []string{svc.Spec.ClusterIP}
	}
	return parseAll(all, f)
}

// parseAll reads the addresses of one family and leaves the rest out: "None",
// "", the other family's.
func parseAll(texts []string, f *family) []netip.Addr {
	var addrs []netip.Addr
	for _, t := range texts {
		if addr, err := netip.ParseAddr(t); err == nil && f.has(addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

func sourceRanges(svc *corev1.Service, f *family) []netip.Prefix {
	var ranges []netip.Prefix
	for _, t := range svc.Spec.LoadBalancerSourceRanges {
		if p, err := netip.ParsePrefix(strings.TrimSpace(t)); err == nil {
			ranges = append(ranges, p)
		}
	}
	return f.only(ranges)
}

func internalLocal(svc *corev1.Service) bool {
	return svc.Spec.InternalTrafficPolicy != nil && *svc.Spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal
}

func externalLocal(svc *corev1.Service) bool {
	return svc.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

// affinity is how long a client stays with its endpoint, when the Service asks
// for that. Three hours is the API's default.
func affinity(svc *corev1.Service) (time.Duration, bool) {
	if svc.Spec.SessionAffinity != corev1.ServiceAffinityClientIP {
		return 0, false
	}
	if c := svc.Spec.SessionAffinityConfig; c != nil && c.ClientIP != nil && c.ClientIP.TimeoutSeconds != nil {
		return time.Duration(*c.ClientIP.TimeoutSeconds) * time.Second, true
	}
	return time.Duration(corev1.DefaultClientIPServiceAffinitySeconds) * time.Second, true
}
