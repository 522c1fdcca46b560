package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// validateServicePorts judges each port by itself, and their names.
func validateServicePorts(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := meta.Unique[string]{}
	for i := range s.Ports {
		errs = append(errs, validateServicePort(&s.Ports[i], len(s.Ports) > 1, names, p.Index(i))...)
	}
	return errs
}

// validateServicePort: one port alone needs no name.
func validateServicePort(port *corev1.ServicePort, named bool, names meta.Unique[string], p *field.Path) field.ErrorList {
	errs := meta.Optional(p.Child("name"), port.Name, validation.IsDNS1123Label)
	switch {
	case port.Name != "":
		errs = append(errs, names.Check(p.Child("name"), port.Name)...)
	case named:
		errs = append(errs, field.Required(p.Child("name"), ""))
	}
	errs = append(errs, meta.Port(p.Child("port"), port.Port)...)
	errs = append(errs, meta.Enum(p.Child("protocol"), port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
	errs = append(errs, pod.PortOrName(p.Child("targetPort"), port.TargetPort)...)
	if port.AppProtocol != nil {
		errs = append(errs, meta.Invalid(p.Child("appProtocol"), *port.AppProtocol, validation.IsQualifiedName(*port.AppProtocol))...)
	}
	return errs
}

// portKey is what of a port, or of a node port, must not be there twice. It
// prints as Kubernetes prints a port of which the rest is unknown.
type portKey struct {
	Name        string
	Protocol    corev1.Protocol
	AppProtocol *string
	Port        int32
	TargetPort  intstr.IntOrString
	NodePort    int32
}

// validateNodePorts judges node ports, and that the ports differ from each
// other.
func validateNodePorts(s *corev1.ServiceSpec, p *field.Path) field.ErrorList {
	var useless, nodePorts, ports field.ErrorList
	seen := map[portKey]bool{}
	for i, port := range s.Ports {
		if port.NodePort != 0 {
			if s.Type == corev1.ServiceTypeClusterIP {
				useless = append(useless, field.Forbidden(p.Index(i).Child("nodePort"), "may not be used when `type` is 'ClusterIP'"))
			}
			key := portKey{Protocol: port.Protocol, NodePort: port.NodePort}
			if seen[key] {
				nodePorts = append(nodePorts, field.Duplicate(p.Index(i).Child("nodePort"), port.NodePort))
			}
			seen[key] = true
		}
		key := portKey{Protocol: port.Protocol, Port: port.Port}
		if seen[key] {
			ports = append(ports, field.Duplicate(p.Index(i), key))
		}
		seen[key] = true
	}
	return append(append(useless, nodePorts...), ports...)
}
