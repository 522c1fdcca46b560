package quota

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// useService charges a Service for the node ports that it has or will be given,
// and for its load balancer.
func useService(used corev1.ResourceList, s *corev1.Service) {
	ports, balancers := 0, 0
	switch s.Spec.Type {
	case corev1.ServiceTypeNodePort:
		ports = len(s.Spec.Ports)
	case corev1.ServiceTypeLoadBalancer:
		balancers, ports = 1, balancerPorts(s)
	}
	used[corev1.ResourceServicesNodePorts] = *resource.NewQuantity(int64(ports), resource.DecimalSI)
	used[corev1.ResourceServicesLoadBalancers] = *resource.NewQuantity(int64(balancers), resource.DecimalSI)
}

// balancerPorts: who wants no node ports may still name some.
func balancerPorts(s *corev1.Service) (n int) {
	if give := s.Spec.AllocateLoadBalancerNodePorts; give == nil || *give {
		return len(s.Spec.Ports)
	}
	for _, p := range s.Spec.Ports {
		if p.NodePort != 0 {
			n++
		}
	}
	return n
}
