package core

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/meta"
)

// prepareService lets clients write one address the old way.
func prepareService(o *corev1.Service) {
	s := &o.Spec
	if len(s.ClusterIPs) == 0 && s.ClusterIP != "" {
		s.ClusterIPs = []string{s.ClusterIP}
	}
	dropInternalPolicy(s)
}

// prepareServiceUpdate lets clients write less than they read: what was
// allocated stays where they leave it out, and goes where a change of type
// leaves it without a use.
func prepareServiceUpdate(o, old *corev1.Service) {
	keepAllocated(&o.Spec, &old.Spec)
	alignClusterIPs(&o.Spec, &old.Spec)
	dropUseless(&o.Spec, &old.Spec)
	dropInternalPolicy(&o.Spec)
	if o.Spec.Type != corev1.ServiceTypeLoadBalancer {
		o.Status.LoadBalancer = corev1.LoadBalancerStatus{}
	}
}

// dropInternalPolicy: a name elsewhere has no policy for traffic inside.
func dropInternalPolicy(s *corev1.ServiceSpec) {
	if p := s.InternalTrafficPolicy; s.Type == corev1.ServiceTypeExternalName && p != nil &&
		(*p == corev1.ServiceInternalTrafficPolicyCluster || *p == corev1.ServiceInternalTrafficPolicyLocal) {
		s.InternalTrafficPolicy = nil
	}
}

// keepAllocated keeps addresses and node ports that the client left out and
// that the Service still needs. The families follow from the addresses.
func keepAllocated(s, was *corev1.ServiceSpec) {
	if needsClusterIP(s) && needsClusterIP(was) {
		meta.Fill(&s.ClusterIP, was.ClusterIP)
		if len(s.ClusterIPs) == 0 {
			s.ClusterIPs = slices.Clone(was.ClusterIPs)
		}
	}
	if getsNodePorts(s) && getsNodePorts(was) {
		keepNodePorts(s, was)
	}
	if needsHealthCheck(s) && needsHealthCheck(was) {
		meta.Fill(&s.HealthCheckNodePort, was.HealthCheckNodePort)
	}
}

// alignClusterIPs has the list follow the one address, for clients that know
// nothing else: where they change that one and leave the list as it was, they
// mean the list too.
func alignClusterIPs(s, was *corev1.ServiceSpec) {
	if s.ClusterIP == was.ClusterIP {
		if len(s.ClusterIPs) == 0 {
			s.ClusterIPs = slices.Clone(was.ClusterIPs)
		}
		return
	}
	switch {
	case !slices.Equal(s.ClusterIPs, was.ClusterIPs):
	case s.ClusterIP == "":
		s.ClusterIPs = nil
	default:
		s.ClusterIPs = []string{s.ClusterIP}
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
	if needsClusterIP(was) && !needsClusterIP(s) {
		dropAddresses(s, was)
	}
	if needsNodePort(was) && !needsNodePort(s) && within(nodePorts(s), nodePorts(was)) {
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

func dropAddresses(s, was *corev1.ServiceSpec) {
	if s.ClusterIP == was.ClusterIP && slices.Equal(s.ClusterIPs, was.ClusterIPs) {
		s.ClusterIP, s.ClusterIPs = "", nil
	}
	if slices.Equal(s.IPFamilies, was.IPFamilies) {
		s.IPFamilies = nil
	}
	if same(s.IPFamilyPolicy, was.IPFamilyPolicy) {
		s.IPFamilyPolicy = nil
	}
}

// nodePorts are those that the ports of a Service have.
func nodePorts(s *corev1.ServiceSpec) []int32 {
	var ports []int32
	for _, p := range s.Ports {
		if p.NodePort != 0 {
			ports = append(ports, p.NodePort)
		}
	}
	return ports
}

func within[T comparable](list, all []T) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !slices.Contains(all, v) })
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
