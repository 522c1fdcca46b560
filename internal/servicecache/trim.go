package servicecache

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// proxyNameLabel marks Services that another proxy serves.
const proxyNameLabel = "service.kubernetes.io/service-proxy-name"

// trim makes a copy of an object that holds what readers use: a new one, since
// the original may be shared with others in the process.
func trim(obj any) (any, error) {
	switch o := obj.(type) {
	case *corev1.Service:
		return trimService(o), nil
	case *discoveryv1.EndpointSlice:
		return trimSlice(o), nil
	}
	return obj, nil
}

func trimService(in *corev1.Service) *corev1.Service {
	out := &corev1.Service{ObjectMeta: trimMeta(&in.ObjectMeta, proxyNameLabel), Spec: in.Spec}
	out.Spec.Selector = nil
	out.Status.LoadBalancer = in.Status.LoadBalancer
	return out
}

func trimSlice(in *discoveryv1.EndpointSlice) *discoveryv1.EndpointSlice {
	out := &discoveryv1.EndpointSlice{
		ObjectMeta:  trimMeta(&in.ObjectMeta, discoveryv1.LabelServiceName),
		AddressType: in.AddressType,
		Ports:       in.Ports,
		Endpoints:   make([]discoveryv1.Endpoint, len(in.Endpoints)),
	}
	nodes := map[string]*string{} // a Service's pods on one node share its name
	for i := range in.Endpoints {
		e := &in.Endpoints[i]
		out.Endpoints[i] = discoveryv1.Endpoint{
			Addresses: e.Addresses, Conditions: e.Conditions, Hostname: e.Hostname, Zone: e.Zone, Hints: e.Hints,
		}
		if e.NodeName != nil {
			if nodes[*e.NodeName] == nil {
				nodes[*e.NodeName] = e.NodeName
			}
			out.Endpoints[i].NodeName = nodes[*e.NodeName]
		}
	}
	return out
}

func trimMeta(in *metav1.ObjectMeta, label string) metav1.ObjectMeta {
	out := metav1.ObjectMeta{Name: in.Name, Namespace: in.Namespace, UID: in.UID, ResourceVersion: in.ResourceVersion}
	if value, ok := in.Labels[label]; ok {
		out.Labels = map[string]string{label: value}
	}
	return out
}
