package env

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Services returns the variables that tell a pod of the Services with cluster
// addresses: those of its own namespace if links, and the API server's always.
func Services(services []*corev1.Service, namespace string, links bool) map[string]string {
	out := map[string]string{}
	for _, s := range services {
		if isAPI(s) && addressed(s) {
			describe(out, s)
		}
	}
	for _, s := range services { // one of the pod's namespace wins over the API server's
		if links && s.Namespace == namespace && addressed(s) {
			describe(out, s)
		}
	}
	return out
}

func isAPI(s *corev1.Service) bool {
	return s.Namespace == corev1.NamespaceDefault && s.Name == "kubernetes"
}

func addressed(s *corev1.Service) bool {
	return s.Spec.ClusterIP != "" && s.Spec.ClusterIP != corev1.ClusterIPNone && len(s.Spec.Ports) > 0
}

// describe adds the variables of one Service.
func describe(out map[string]string, s *corev1.Service) {
	prefix := strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
	host := s.Spec.ClusterIP
	first := s.Spec.Ports[0]
	out[prefix+"_SERVICE_HOST"] = host
	out[prefix+"_SERVICE_PORT"] = strconv.Itoa(int(first.Port))
	out[prefix+"_PORT"] = url(host, first)
	for _, p := range s.Spec.Ports {
		if p.Name != "" {
			out[prefix+"_SERVICE_PORT_"+strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_"))] = strconv.Itoa(int(p.Port))
		}
		port := fmt.Sprintf("%s_PORT_%d_%s", prefix, p.Port, p.Protocol)
		out[port] = url(host, p)
		out[port+"_PROTO"] = strings.ToLower(string(p.Protocol))
		out[port+"_PORT"] = strconv.Itoa(int(p.Port))
		out[port+"_ADDR"] = host
	}
}

func url(host string, p corev1.ServicePort) string {
	return strings.ToLower(string(p.Protocol)) + "://" + net.JoinHostPort(host, strconv.Itoa(int(p.Port)))
}
