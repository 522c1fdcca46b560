package core

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Service names a set of pods by one address. Its addresses and node ports are
// allocated by the API server; here they are only judged, and kept on updates
// that leave them out.
var Service = api.Define(api.Kind[*corev1.Service]{
	GVK: gv.WithKind("Service"), Plural: "services", Prefix: "services/specs", Namespaced: true, ReturnsDeleted: true,
	ShortNames: []string{"svc"}, Categories: []string{"all"},
	New: api.New[corev1.Service], NewList: api.NewList[corev1.ServiceList],
	ValidateName:        meta.Label1035,
	AllowCreateOnUpdate: true,

	Default:        defaultService,
	PrepareCreate:  prepareService,
	PrepareUpdate:  prepareServiceUpdate,
	ValidateNew:    validateNewService,
	ValidateUpdate: validateServiceUpdate,
	Warnings:       serviceWarnings,

	Parts: []api.PartOf[*corev1.Service]{
		api.Status(func(dst, src *corev1.Service) { dst.Status = src.Status }).
			Validated(validateServiceStatus).Warned(ingressWarnings),
	},
	Subresources: []api.Subresource{api.Proxy("ServiceProxyOptions")},

	Columns: table.Of("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age").Wide("Selector").
		Docs(map[string]string{
			"Type": corev1.ServiceSpec{}.SwaggerDoc()["type"], "Cluster-IP": corev1.ServiceSpec{}.SwaggerDoc()["clusterIP"],
			"External-IP": corev1.ServiceSpec{}.SwaggerDoc()["externalIPs"], "Port(s)": corev1.ServiceSpec{}.SwaggerDoc()["ports"],
			"Selector": corev1.ServiceSpec{}.SwaggerDoc()["selector"],
		}),
	Row:        serviceRow,
	FieldNames: []string{"spec.clusterIP", "spec.type"},
	Fields: func(o *corev1.Service) map[string]string {
		return map[string]string{"spec.clusterIP": o.Spec.ClusterIP, "spec.type": string(o.Spec.Type)}
	},
})

func defaultService(o *corev1.Service) {
	s := &o.Spec
	meta.Fill(&s.Type, corev1.ServiceTypeClusterIP)
	meta.Fill(&s.SessionAffinity, corev1.ServiceAffinityNone)
	switch s.SessionAffinity {
	case corev1.ServiceAffinityNone:
		s.SessionAffinityConfig = nil
	case corev1.ServiceAffinityClientIP:
		meta.FillPtr(&s.SessionAffinityConfig, corev1.SessionAffinityConfig{})
		meta.FillPtr(&s.SessionAffinityConfig.ClientIP, corev1.ClientIPConfig{})
		meta.FillPtr(&s.SessionAffinityConfig.ClientIP.TimeoutSeconds, corev1.DefaultClientIPServiceAffinitySeconds)
	}
	for i := range s.Ports {
		p := &s.Ports[i]
		meta.Fill(&p.Protocol, corev1.ProtocolTCP)
		if p.TargetPort == intstr.FromInt32(0) || p.TargetPort == intstr.FromString("") {
			p.TargetPort = intstr.FromInt32(p.Port)
		}
	}
	if reachableFromOutside(s) {
		meta.Fill(&s.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster)
	}
	if s.Type != corev1.ServiceTypeExternalName {
		meta.FillPtr(&s.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster)
	}
	if s.Type == corev1.ServiceTypeLoadBalancer {
		meta.FillPtr(&s.AllocateLoadBalancerNodePorts, true)
		for i := range o.Status.LoadBalancer.Ingress {
			if in := &o.Status.LoadBalancer.Ingress[i]; in.IP != "" {
				meta.FillPtr(&in.IPMode, corev1.LoadBalancerIPModeVIP)
			}
		}
	}
}

func reachableFromOutside(s *corev1.ServiceSpec) bool {
	return s.Type == corev1.ServiceTypeLoadBalancer || s.Type == corev1.ServiceTypeNodePort ||
		s.Type == corev1.ServiceTypeClusterIP && len(s.ExternalIPs) > 0
}

func serviceRow(o *corev1.Service) []any {
	ip := table.None
	if len(o.Spec.ClusterIPs) > 0 {
		ip = o.Spec.ClusterIPs[0]
	} else if o.Spec.ClusterIP != "" {
		ip = o.Spec.ClusterIP
	}
	return []any{
		o.Name, string(o.Spec.Type), ip, externalIP(o), servicePorts(o.Spec.Ports),
		table.Age(o.CreationTimestamp), table.Labels(o.Spec.Selector),
	}
}

func externalIP(o *corev1.Service) string {
	switch o.Spec.Type {
	case corev1.ServiceTypeExternalName:
		return o.Spec.ExternalName
	case corev1.ServiceTypeLoadBalancer:
		ips := sets.New[string]()
		for _, in := range o.Status.LoadBalancer.Ingress {
			if at := table.Or(in.IP, in.Hostname); at != "" {
				ips.Insert(at)
			}
		}
		return table.Or(strings.Join(append(sets.List(ips), o.Spec.ExternalIPs...), ","), "<pending>")
	}
	return table.Join(o.Spec.ExternalIPs)
}

func servicePorts(ports []corev1.ServicePort) string {
	var out []string
	for _, p := range ports {
		if p.NodePort > 0 {
			out = append(out, fmt.Sprintf("%d:%d/%s", p.Port, p.NodePort, p.Protocol))
		} else {
			out = append(out, fmt.Sprintf("%d/%s", p.Port, p.Protocol))
		}
	}
	return table.Join(out)
}
