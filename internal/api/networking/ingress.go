package networking

import (
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Ingress routes HTTP to Services.
var Ingress = api.Define(api.Kind[*networkingv1.Ingress]{
	GVK: gv.WithKind("Ingress"), Plural: "ingresses", Prefix: "ingress", Namespaced: true,
	ShortNames: []string{"ing"},
	New:        api.New[networkingv1.Ingress], NewList: api.NewList[networkingv1.IngressList],

	Validate: validateIngress,
	Spec:     func(o *networkingv1.Ingress) any { return o.Spec },
	Parts: []api.PartOf[*networkingv1.Ingress]{
		api.Status(func(dst, src *networkingv1.Ingress) { dst.Status = src.Status }),
	},

	Columns: table.Of("Name", "Class", "Hosts", "Address", "Ports", "Age"),
	Row:     ingressRow,
})

// classAnnotation named the class before there was a field for it.
const classAnnotation = "kubernetes.io/ingress.class"

func validateIngress(o *networkingv1.Ingress) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if s.DefaultBackend == nil && len(s.Rules) == 0 {
		errs = append(errs, field.Invalid(p, s.Rules, "either `defaultBackend` or `rules` must be specified"))
	}
	if s.DefaultBackend != nil {
		errs = append(errs, validateBackend(s.DefaultBackend, p.Child("defaultBackend"))...)
	}
	for i := range s.Rules {
		errs = append(errs, validateIngressRule(&s.Rules[i], p.Child("rules").Index(i))...)
	}
	for i, t := range s.TLS {
		for j, h := range t.Hosts {
			errs = append(errs, validateHost(p.Child("tls").Index(i).Child("hosts").Index(j), h)...)
		}
	}
	if c := s.IngressClassName; c != nil {
		errs = append(errs, meta.Name(p.Child("ingressClassName"), *c, meta.Subdomain)...)
		if o.Annotations[classAnnotation] != "" && o.ResourceVersion == "" {
			errs = append(errs, field.Invalid(field.NewPath("annotations").Child(classAnnotation), o.Annotations[classAnnotation],
				"can not be set when the class field is also set"))
		}
	}
	return errs
}

func validateHost(p *field.Path, host string) field.ErrorList {
	if strings.Contains(host, "*") {
		return meta.Invalid(p, host, validation.IsWildcardDNS1123Subdomain(host))
	}
	return meta.Invalid(p, host, validation.IsDNS1123Subdomain(host))
}

func validateIngressRule(r *networkingv1.IngressRule, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if r.Host != "" {
		if len(validation.IsValidIP(p, r.Host)) == 0 {
			errs = append(errs, field.Invalid(p.Child("host"), r.Host, "must be a DNS name, not an IP address"))
		}
		errs = append(errs, validateHost(p.Child("host"), r.Host)...)
	}
	if r.HTTP == nil {
		return errs
	}
	pp := p.Child("http", "paths")
	if len(r.HTTP.Paths) == 0 {
		errs = append(errs, field.Required(pp, ""))
	}
	for i := range r.HTTP.Paths {
		errs = append(errs, validatePath(&r.HTTP.Paths[i], pp.Index(i))...)
	}
	return errs
}

func validatePath(h *networkingv1.HTTPIngressPath, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch t := h.PathType; {
	case t == nil:
		return field.ErrorList{field.Required(p.Child("pathType"), "pathType must be specified")}
	case *t == networkingv1.PathTypeImplementationSpecific:
		if h.Path != "" && !strings.HasPrefix(h.Path, "/") {
			errs = append(errs, field.Invalid(p.Child("path"), h.Path, "must be an absolute path"))
		}
	case *t == networkingv1.PathTypeExact || *t == networkingv1.PathTypePrefix:
		if !strings.HasPrefix(h.Path, "/") {
			errs = append(errs, field.Invalid(p.Child("path"), h.Path, "must be an absolute path"))
		}
		for _, bad := range []string{"//", "/./", "/../", "%2f", "%2F"} {
			if strings.Contains(h.Path, bad) {
				errs = append(errs, field.Invalid(p.Child("path"), h.Path, "must not contain '"+bad+"'"))
			}
		}
	default:
		errs = append(errs, field.NotSupported(p.Child("pathType"), *t, []networkingv1.PathType{
			networkingv1.PathTypeExact, networkingv1.PathTypeImplementationSpecific, networkingv1.PathTypePrefix}))
	}
	return append(errs, validateBackend(&h.Backend, p.Child("backend"))...)
}

func validateBackend(b *networkingv1.IngressBackend, p *field.Path) field.ErrorList {
	switch {
	case b.Resource != nil && b.Service != nil:
		return field.ErrorList{field.Invalid(p, "", "cannot set both resource and service backends")}
	case b.Resource == nil && b.Service == nil:
		return field.ErrorList{field.Required(p, "resource or service backend is required")}
	case b.Resource != nil:
		return append(meta.Required(p.Child("resource", "kind"), b.Resource.Kind, nil),
			meta.Required(p.Child("resource", "name"), b.Resource.Name, nil)...)
	}
	sp := p.Child("service")
	errs := meta.Name(sp.Child("name"), b.Service.Name, meta.Label1035)
	port := b.Service.Port
	switch {
	case port.Name != "" && port.Number != 0:
		errs = append(errs, field.Invalid(sp, "", "cannot set both port name & port number"))
	case port.Name != "":
		errs = append(errs, meta.Invalid(sp.Child("port", "name"), port.Name, validation.IsValidPortName(port.Name))...)
	case port.Number != 0:
		errs = append(errs, meta.Port(sp.Child("port", "number"), port.Number)...)
	default:
		errs = append(errs, field.Required(sp, "port name or number is required"))
	}
	return errs
}

func ingressRow(o *networkingv1.Ingress) []any {
	class := o.Annotations[classAnnotation]
	if c := o.Spec.IngressClassName; c != nil {
		class = *c
	}
	var hosts, addresses []string
	for _, r := range o.Spec.Rules {
		if r.Host != "" {
			hosts = append(hosts, r.Host)
		}
	}
	cell := "*"
	if len(hosts) > 0 {
		cell = table.First(hosts, 3, " + %d more...")
	}
	for _, in := range o.Status.LoadBalancer.Ingress {
		addresses = append(addresses, table.Or(in.IP, in.Hostname))
	}
	ports := "80"
	if len(o.Spec.TLS) > 0 {
		ports = "80, 443"
	}
	return []any{o.Name, table.Or(class, table.None), cell, strings.Join(addresses, ","), ports, table.Age(o.CreationTimestamp)}
}
