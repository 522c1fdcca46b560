package services

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

func nameOf(s *corev1.Service) types.NamespacedName {
	return types.NamespacedName{Namespace: s.Namespace, Name: s.Name}
}

func needsClusterIP(s *corev1.Service) bool {
	return s != nil && s.Spec.Type != corev1.ServiceTypeExternalName
}

func headless(s *corev1.Service) bool { return s.Spec.ClusterIP == corev1.ClusterIPNone }

// takesNodePorts says whether a Service may have node ports at all.
func takesNodePorts(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeNodePort || s.Spec.Type == corev1.ServiceTypeLoadBalancer
}

// needsNodePorts says whether a Service gets node ports that it does not name.
func needsNodePorts(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeNodePort ||
		s.Spec.Type == corev1.ServiceTypeLoadBalancer && ptr.Deref(s.Spec.AllocateLoadBalancerNodePorts, true)
}

func needsHealthCheckPort(s *corev1.Service) bool {
	return s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

// clusterIPs are the addresses that a Service holds, as it writes them.
func clusterIPs(s *corev1.Service) []string {
	if !needsClusterIP(s) || s.Spec.ClusterIP == "" || headless(s) {
		return nil
	}
	if len(s.Spec.ClusterIPs) > 0 {
		return s.Spec.ClusterIPs
	}
	return []string{s.Spec.ClusterIP}
}

// parseIP reads an address of a Service.
func parseIP(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	return a.Unmap(), err
}

// holds says whether a Service holds an address.
func holds(s *corev1.Service, addr netip.Addr) bool {
	return slices.ContainsFunc(clusterIPs(s), func(text string) bool {
		a, err := parseIP(text)
		return err == nil && a == addr
	})
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
