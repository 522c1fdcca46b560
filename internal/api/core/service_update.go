package core

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/meta"
)

// prepareServiceUpdate lets clients write less than they read: what was
// allocated stays where they leave it out, and goes where a change of type
// leaves it without a use.
func prepareServiceUpdate(o, old *corev1.Service) {
	keepAllocated(o, old)
	dropUseless(&o.Spec, &old.Spec)
}

// keepAllocated keeps addresses and node ports that the client left out and
// that the Service still needs.
func keepAllocated(o, old *corev1.Service) {
	s, was := &o.Spec, &old.Spec
	if needsClusterIP(s) && needsClusterIP(was) {
		meta.Fill(&s.ClusterIP, was.ClusterIP)
		if len(s.ClusterIPs) == 0 && s.ClusterIP == was.ClusterIP {
			s.ClusterIPs = slices.Clone(was.ClusterIPs)
		}
		if s.IPFamilyPolicy == nil {
			s.IPFamilyPolicy = was.IPFamilyPolicy
		}
		if len(s.IPFamilies) == 0 {
			s.IPFamilies = slices.Clone(was.IPFamilies)
		}
	}
	if getsNodePorts(s) && getsNodePorts(was) {
		keepNodePorts(s, was)
	}
	if needsHealthCheck(s) && needsHealthCheck(was) {
		meta.Fill(&s.HealthCheckNodePort, was.HealthCheckNodePort)
	}
}

// keepNodePorts keeps the node port of each port, known by its name, unless
// the client has given it to another.
func keepNodePorts(s, was *corev1.ServiceSpec) {
	used := nodePorts(s)
	for i := range s.Ports {
		for _, p := range was.Ports {
			if p.Name == s.Ports[i].Name && !slices.Contains(used, p.NodePort) {
				meta.Fill(&s.Ports[i].NodePort, p.NodePort)
			}
		}
	}
}

// dropUseless removes what only the old type needed, unless the client has
// changed it: then validation says what is wrong with it.
func dropUseless(s, was *corev1.ServiceSpec) {
	if needsClusterIP(was) && !needsClusterIP(s) && s.ClusterIP == was.ClusterIP && slices.Equal(s.ClusterIPs, was.ClusterIPs) {
		s.ClusterIP, s.ClusterIPs, s.IPFamilies, s.IPFamilyPolicy = "", nil, nil, nil
		s.InternalTrafficPolicy = nil
	}
	if needsNodePort(was) && !needsNodePort(s) && slices.Equal(nodePorts(s), nodePorts(was)) {
		for i := range s.Ports {
			s.Ports[i].NodePort = 0
		}
	}
	if needsHealthCheck(was) && !needsHealthCheck(s) && s.HealthCheckNodePort == was.HealthCheckNodePort {
		s.HealthCheckNodePort = 0
	}
	if reachableFromOutside(was) && !reachableFromOutside(s) && s.ExternalTrafficPolicy == was.ExternalTrafficPolicy {
		s.ExternalTrafficPolicy = ""
	}
	if was.Type != corev1.ServiceTypeLoadBalancer || s.Type == was.Type {
		return
	}
	if same(s.AllocateLoadBalancerNodePorts, was.AllocateLoadBalancerNodePorts) {
		s.AllocateLoadBalancerNodePorts = nil
	}
	if same(s.LoadBalancerClass, was.LoadBalancerClass) {
		s.LoadBalancerClass = nil
	}
}

func nodePorts(s *corev1.ServiceSpec) []int32 {
	var ports []int32
	for _, p := range s.Ports {
		ports = append(ports, p.NodePort)
	}
	return ports
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func needsClusterIP(s *corev1.ServiceSpec) bool { return s.Type != corev1.ServiceTypeExternalName }

func needsNodePort(s *corev1.ServiceSpec) bool {
	return s.Type == corev1.ServiceTypeNodePort || s.Type == corev1.ServiceTypeLoadBalancer
}

// getsNodePorts says whether ports that name no node port get one.
func getsNodePorts(s *corev1.ServiceSpec) bool {
	return needsNodePort(s) && (s.Type != corev1.ServiceTypeLoadBalancer || s.AllocateLoadBalancerNodePorts == nil || *s.AllocateLoadBalancerNodePorts)
}

func needsHealthCheck(s *corev1.ServiceSpec) bool {
	return s.Type == corev1.ServiceTypeLoadBalancer && s.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}
