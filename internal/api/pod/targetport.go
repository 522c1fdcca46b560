package pod

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TargetPort is the port of a pod that a Service's port leads to, by number or
// by the name and protocol of a port of a container that runs as long as the
// pod does; false if the pod has none.
func TargetPort(o *corev1.Pod, p *corev1.ServicePort) (number int32, ok bool) {
	if p.TargetPort.Type == intstr.Int {
		return cmp.Or(p.TargetPort.IntVal, p.Port), true
	}
	for i := range o.Spec.Containers {
		if number, ok = portOf(&o.Spec.Containers[i], p); ok {
			return number, true
		}
	}
	for i := range o.Spec.InitContainers {
		if c := &o.Spec.InitContainers[i]; sidecar(c) {
			if number, ok = portOf(c, p); ok {
				return number, true
			}
		}
	}
	return 0, false
}

// portOf is the port of a container that has the name and protocol.
func portOf(c *corev1.Container, p *corev1.ServicePort) (int32, bool) {
	for _, cp := range c.Ports {
		if cp.Name == p.TargetPort.StrVal && cmp.Or(cp.Protocol, corev1.ProtocolTCP) == cmp.Or(p.Protocol, corev1.ProtocolTCP) {
			return cp.ContainerPort, true
		}
	}
	return 0, false
}
