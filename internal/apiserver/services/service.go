package services

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

func needsClusterIP(s *corev1.Service) bool {
	return s != nil && s.Spec.Type != corev1.ServiceTypeExternalName
}

func needsNodePorts(s *corev1.Service) bool {
	if s == nil {
		return false
	}
	return s.Spec.Type == corev1.ServiceTypeNodePort ||
		s.Spec.Type == corev1.ServiceTypeLoadBalancer && ptr.Deref(s.Spec.AllocateLoadBalancerNodePorts, true)
}

func needsHealthCheckPort(s *corev1.Service) bool {
	return s != nil && s.Spec.Type == corev1.ServiceTypeLoadBalancer &&
		s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

// clusterIPs are the addresses that a Service holds.
func clusterIPs(s *corev1.Service) []string {
	if !needsClusterIP(s) || s.Spec.ClusterIP == "" || s.Spec.ClusterIP == corev1.ClusterIPNone {
		return nil
	}
	if len(s.Spec.ClusterIPs) > 0 {
		return s.Spec.ClusterIPs
	}
	return []string{s.Spec.ClusterIP}
}

// nodePorts are the ports that a Service holds, each once.
func nodePorts(s *corev1.Service) []int {
	if s == nil {
		return nil
	}
	var out []int
	add := func(port int32) {
		if port != 0 && !slices.Contains(out, int(port)) {
			out = append(out, int(port))
		}
	}
	for _, p := range s.Spec.Ports {
		add(p.NodePort)
	}
	add(s.Spec.HealthCheckNodePort)
	return out
}

// inherit carries over what an update leaves out and the Service has, and
// drops what its new type has no use for and the update just left standing.
func inherit(now, before *corev1.Service) {
	if needsClusterIP(now) && needsClusterIP(before) && now.Spec.ClusterIP == "" && len(now.Spec.ClusterIPs) == 0 {
		now.Spec.ClusterIP, now.Spec.ClusterIPs = before.Spec.ClusterIP, slices.Clone(before.Spec.ClusterIPs)
	}
	if needsClusterIP(before) && !needsClusterIP(now) {
		if now.Spec.ClusterIP == before.Spec.ClusterIP {
			now.Spec.ClusterIP, now.Spec.ClusterIPs = "", nil
		}
		if slices.Equal(now.Spec.IPFamilies, before.Spec.IPFamilies) {
			now.Spec.IPFamilies, now.Spec.IPFamilyPolicy = nil, nil
		}
	}
	switch {
	case needsNodePorts(now) && needsNodePorts(before):
		inheritPorts(now, before)
	case needsNodePorts(before) && samePorts(now, before):
		for i := range now.Spec.Ports {
			now.Spec.Ports[i].NodePort = 0
		}
	}
	dropExternal(now, before)
	switch had := before.Spec.HealthCheckNodePort; {
	case needsHealthCheckPort(now) && needsHealthCheckPort(before) && now.Spec.HealthCheckNodePort == 0:
		now.Spec.HealthCheckNodePort = had
	case !needsHealthCheckPort(now) && now.Spec.HealthCheckNodePort == had:
		now.Spec.HealthCheckNodePort = 0
	}
}

// dropExternal clears what only Services that are seen from outside have.
func dropExternal(now, before *corev1.Service) {
	external := func(s *corev1.Service) bool {
		return s.Spec.Type == corev1.ServiceTypeNodePort || s.Spec.Type == corev1.ServiceTypeLoadBalancer ||
			needsClusterIP(s) && len(s.Spec.ExternalIPs) > 0
	}
	if external(before) && !external(now) && now.Spec.ExternalTrafficPolicy == before.Spec.ExternalTrafficPolicy {
		now.Spec.ExternalTrafficPolicy = ""
	}
	if before.Spec.Type != corev1.ServiceTypeLoadBalancer || now.Spec.Type == corev1.ServiceTypeLoadBalancer {
		return
	}
	if ptr.Equal(now.Spec.AllocateLoadBalancerNodePorts, before.Spec.AllocateLoadBalancerNodePorts) {
		now.Spec.AllocateLoadBalancerNodePorts = nil
	}
	if ptr.Equal(now.Spec.LoadBalancerClass, before.Spec.LoadBalancerClass) {
		now.Spec.LoadBalancerClass = nil
	}
}

// inheritPorts keeps the node port of each port that stays.
func inheritPorts(now, before *corev1.Service) {
	used := nodePorts(now)
	for i := range now.Spec.Ports {
		p := &now.Spec.Ports[i]
		if p.NodePort != 0 {
			continue
		}
		for _, b := range before.Spec.Ports {
			if b.Port == p.Port && b.Protocol == p.Protocol && !slices.Contains(used, int(b.NodePort)) {
				p.NodePort = b.NodePort
			}
		}
	}
}

// samePorts says whether an update left the node ports as they were.
func samePorts(now, before *corev1.Service) bool {
	return slices.Equal(nodePorts(now), nodePorts(before))
}

// families settles ipFamilies and ipFamilyPolicy in a cluster with addresses
// of one family.
func families(s *corev1.Service, v6 bool) *field.Error {
	if !needsClusterIP(s) {
		return nil
	}
	own, other := corev1.IPv4Protocol, corev1.IPv6Protocol
	if v6 {
		own, other = other, own
	}
	if s.Spec.ClusterIP == corev1.ClusterIPNone && len(s.Spec.Selector) == 0 && s.Spec.IPFamilyPolicy == nil && len(s.Spec.IPFamilies) == 0 {
		// Whoever writes its endpoints decides; it may have them of both.
		s.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyRequireDualStack)
		s.Spec.IPFamilies = []corev1.IPFamily{own, other}
		return nil
	}
	headless := s.Spec.ClusterIP == corev1.ClusterIPNone && len(s.Spec.Selector) == 0
	if s.Spec.IPFamilyPolicy == nil {
		s.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicySingleStack)
	} else if *s.Spec.IPFamilyPolicy == corev1.IPFamilyPolicyRequireDualStack && !headless {
		return field.Invalid(field.NewPath("spec", "ipFamilyPolicy"), *s.Spec.IPFamilyPolicy, "this cluster is not configured for dual-stack services")
	}
	if len(s.Spec.IPFamilies) == 0 {
		s.Spec.IPFamilies = []corev1.IPFamily{own}
	}
	if s.Spec.IPFamilies[0] != own && !headless {
		return field.Invalid(field.NewPath("spec", "ipFamilies").Index(0), s.Spec.IPFamilies[0], "not configured on this cluster")
	}
	return nil
}
