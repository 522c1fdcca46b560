package services

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// portPlan is which node ports a Service gets, and which of them are new.
type portPlan struct {
	nodePorts   []int32 // for each of spec.ports
	healthCheck int32
	took        []int
}

// planPorts takes what a Service asks for, and any for the others. before is
// its present state, or nil; what it holds already it need not take.
func planPorts(set *portSet, s, before *corev1.Service) (*portPlan, *field.Error) {
	p := &portPlan{healthCheck: s.Spec.HealthCheckNodePort}
	for _, port := range s.Spec.Ports {
		p.nodePorts = append(p.nodePorts, port.NodePort)
	}
	mine := nodePorts(before)
	if takesNodePorts(s) {
		if err := p.asked(set, s, before, mine); err != nil {
			return nil, err
		}
	}
	if needsNodePorts(s) {
		if err := p.others(set, s); err != nil {
			return nil, err
		}
	}
	return p, p.health(set, s, before)
}

// hasPorts says whether a Service has all node ports that it needs and names,
// as most updates leave it.
func hasPorts(s, before *corev1.Service) bool {
	if before == nil || needsHealthCheckPort(s) && s.Spec.HealthCheckNodePort == 0 {
		return false
	}
	mine := nodePorts(before)
	if slices.ContainsFunc(nodePorts(s), func(port int) bool { return !slices.Contains(mine, port) }) {
		return false
	}
	return !needsNodePorts(s) || !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.NodePort == 0 })
}

// asked takes the ports that are named. One port may serve several protocols;
// in a new Service, those of one port of its own only.
func (p *portPlan) asked(set *portSet, s, before *corev1.Service, mine []int) *field.Error {
	for i, port := range p.nodePorts {
		n := int(port)
		if n == 0 || slices.Contains(mine, n) || slices.Contains(p.took, n) && (before != nil || sameAsEarlier(s.Spec.Ports, i)) {
			continue
		}
		if err := set.take(n); err != nil {
			return field.Invalid(field.NewPath("spec", "ports").Index(i).Child("nodePort"), port, err.Error())
		}
		p.took = append(p.took, n)
	}
	return nil
}

// sameAsEarlier says whether a port and its node port stand further up, for
// another protocol.
func sameAsEarlier(ports []corev1.ServicePort, i int) bool {
	return slices.ContainsFunc(ports[:i], func(o corev1.ServicePort) bool {
		return o.Port == ports[i].Port && o.NodePort == ports[i].NodePort
	})
}

// others fills in the ports that are not named. The same port of the Service
// has the same node port for every protocol.
func (p *portPlan) others(set *portSet, s *corev1.Service) *field.Error {
	for i := range p.nodePorts {
		if p.nodePorts[i] != 0 {
			continue
		}
		if p.nodePorts[i] = p.shared(s, i); p.nodePorts[i] != 0 {
			continue
		}
		n, err := set.any()
		if err != nil {
			return field.InternalError(field.NewPath("spec", "ports").Index(i).Child("nodePort"), fmt.Errorf("failed to allocate a nodePort: %w", err))
		}
		p.took = append(p.took, n)
		p.nodePorts[i] = int32(n)
	}
	return nil
}

// shared is the node port of the same port of another protocol.
func (p *portPlan) shared(s *corev1.Service, i int) int32 {
	for j, port := range s.Spec.Ports {
		if n := p.nodePorts[j]; n != 0 && port.Port == s.Spec.Ports[i].Port && !p.serves(s, s.Spec.Ports[i].Protocol, n) {
			return n
		}
	}
	return 0
}

func (p *portPlan) serves(s *corev1.Service, protocol corev1.Protocol, nodePort int32) bool {
	for j, port := range s.Spec.Ports {
		if p.nodePorts[j] == nodePort && port.Protocol == protocol {
			return true
		}
	}
	return false
}

// health takes the port at which a load balancer asks a node whether it has
// endpoints of its own. It does not change while it is needed: that is for the
// kind to say.
func (p *portPlan) health(set *portSet, s, before *corev1.Service) *field.Error {
	if !needsHealthCheckPort(s) || before != nil && needsHealthCheckPort(before) {
		return nil
	}
	path, n := field.NewPath("spec", "healthCheckNodePort"), int(p.healthCheck)
	if n == 0 {
		n, err := set.any()
		if err != nil {
			return field.InternalError(path, fmt.Errorf("failed to allocate a HealthCheck NodePort %d: %w", n, err))
		}
		p.took, p.healthCheck = append(p.took, n), int32(n)
		return nil
	}
	if err := set.take(n); err != nil {
		return field.InternalError(path, fmt.Errorf("failed to allocate requested HealthCheck NodePort %d: %w", n, err))
	}
	p.took = append(p.took, n)
	return nil
}

// apply writes the plan into the Service.
func (p *portPlan) apply(s *corev1.Service) {
	for i := range s.Spec.Ports {
		s.Spec.Ports[i].NodePort = p.nodePorts[i]
	}
	s.Spec.HealthCheckNodePort = p.healthCheck
}
