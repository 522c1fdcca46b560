package core

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

	"skiff/internal/api/meta"
)

// validateServiceStatus judges what load balancers write of a Service.
// Addresses that are there already may stay.
func validateServiceStatus(o, old *corev1.Service) field.ErrorList {
	p := field.NewPath("status", "loadBalancer", "ingress")
	ingress := o.Status.LoadBalancer.Ingress
	if o.Spec.Type != corev1.ServiceTypeLoadBalancer && len(ingress) > 0 {
		return field.ErrorList{field.Forbidden(p, "may only be used when `spec.type` is 'LoadBalancer'")}
	}
	var known []string
	for _, in := range old.Status.LoadBalancer.Ingress {
		if in.IP != "" {
			known = append(known, in.IP)
		}
	}
	var errs field.ErrorList
	for i := range ingress {
		errs = append(errs, validateIngress(&ingress[i], known, p.Index(i))...)
	}
	return errs
}

func validateIngress(in *corev1.LoadBalancerIngress, known []string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if in.IP != "" {
		errs = meta.IP(p.Child("ip"), in.IP, known...)
	}
	switch mode := in.IPMode; {
	case mode == nil && in.IP != "":
		errs = append(errs, field.Required(p.Child("ipMode"), "must be specified when `ip` is set"))
	case mode != nil && in.IP == "":
		errs = append(errs, field.Forbidden(p.Child("ipMode"), "may not be specified when `ip` is not set"))
	default:
		errs = append(errs, meta.EnumOr(p.Child("ipMode"), mode, corev1.LoadBalancerIPModeProxy, corev1.LoadBalancerIPModeVIP)...)
	}
	errs = append(errs, meta.Optional(p.Child("hostname"), in.Hostname, validation.IsDNS1123Subdomain)...)
	if netutils.ParseIPSloppy(in.Hostname) != nil {
		errs = append(errs, field.Invalid(p.Child("hostname"), in.Hostname, "must be a DNS name, not an IP address"))
	}
	return errs
}
