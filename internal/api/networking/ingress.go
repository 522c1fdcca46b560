package networking

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Ingress routes HTTP to Services.
var Ingress = api.Define(api.Kind[*networkingv1.Ingress]{
	GVK: gv.WithKind("Ingress"), Plural: "ingresses", Prefix: "ingress", Namespaced: true,
	ShortNames: []string{"ing"},
	New:        api.New[networkingv1.Ingress], NewList: api.NewList[networkingv1.IngressList],

	ValidateNew: func(o *networkingv1.Ingress) field.ErrorList {
		return append(validateIngress(o, tolerance{}), validateClassAnnotation(o)...)
	},
	ValidateUpdate: func(o, old *networkingv1.Ingress) field.ErrorList { return validateIngress(o, toleranceOf(old)) },
	Warnings:       ingressWarnings,
	Spec:           func(o *networkingv1.Ingress) any { return &o.Spec },
	Parts: []api.PartOf[*networkingv1.Ingress]{
		api.Status(func(dst, src *networkingv1.Ingress) { dst.Status = src.Status }).Validated(validateIngressStatus),
	},

	Columns: table.Of("Name", "Class", "Hosts", "Address", "Ports", "Age").Docs(map[string]string{
		"Class":   "The name of the IngressClass resource that should be used for additional configuration",
		"Hosts":   "Hosts that incoming requests are matched against before the ingress rule",
		"Address": "Address is a list containing ingress points for the load-balancer",
		"Ports":   "Ports of TLS configurations that open",
	}),
	Row: ingressRow,
})

// classAnnotation named the class before there was a field for it.
const classAnnotation = "kubernetes.io/ingress.class"

// ingressWarnings speaks of new objects alone: those that exist were warned of.
func ingressWarnings(o *networkingv1.Ingress) []string {
	_, set := o.Annotations[classAnnotation]
	if !set || o.Spec.IngressClassName != nil || o.ResourceVersion != "" {
		return nil
	}
	return []string{fmt.Sprintf("annotation %q is deprecated, please use 'spec.ingressClassName' instead", classAnnotation)}
}

// tolerance is what an Ingress may do wrong because it did so when it was
// stored, before there was a rule against it.
type tolerance struct{ secretNames, wildcardRules bool }

func toleranceOf(old *networkingv1.Ingress) tolerance {
	var t tolerance
	for _, tls := range old.Spec.TLS {
		t.secretNames = t.secretNames || len(validateSecretName(nil, tls.SecretName)) > 0
	}
	for _, r := range old.Spec.Rules {
		t.wildcardRules = t.wildcardRules || strings.Contains(r.Host, "*") && len(validateHTTP(r.HTTP, nil)) > 0
	}
	return t
}

func validateIngress(o *networkingv1.Ingress, t tolerance) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if s.DefaultBackend == nil && len(s.Rules) == 0 {
		errs = append(errs, field.Invalid(p, s.Rules, "either `defaultBackend` or `rules` must be specified"))
	}
	if s.DefaultBackend != nil {
		errs = append(errs, validateBackend(s.DefaultBackend, p.Child("defaultBackend"))...)
	}
	for i := range s.Rules {
		errs = append(errs, validateIngressRule(&s.Rules[i], t, p.Child("rules").Index(i))...)
	}
	for i := range s.TLS {
		errs = append(errs, validateTLS(&s.TLS[i], t, p.Child("tls").Index(i))...)
	}
	if c := s.IngressClassName; c != nil {
		errs = append(errs, meta.Invalid(p.Child("ingressClassName"), *c, meta.Subdomain(*c, false))...)
	}
	return errs
}

func validateTLS(tls *networkingv1.IngressTLS, t tolerance, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, h := range tls.Hosts {
		errs = append(errs, validateHost(p.Child("hosts").Index(i), h)...)
	}
	if t.secretNames {
		return errs
	}
	return append(errs, validateSecretName(p.Child("secretName"), tls.SecretName)...)
}

func validateSecretName(p *field.Path, name string) field.ErrorList {
	return meta.OptionalName(p, name, meta.Subdomain)
}

// validateClassAnnotation wants the old and the new way to name the class to
// agree.
func validateClassAnnotation(o *networkingv1.Ingress) field.ErrorList {
	was, set := o.Annotations[classAnnotation]
	if c := o.Spec.IngressClassName; set && c != nil && *c != was {
		return field.ErrorList{field.Invalid(field.NewPath("annotations").Child(classAnnotation), was,
			"must match `ingressClassName` when both are specified")}
	}
	return nil
}

func validateIngressStatus(o, old *networkingv1.Ingress) field.ErrorList {
	var known []string
	for _, in := range old.Status.LoadBalancer.Ingress {
		known = append(known, in.IP)
	}
	var errs field.ErrorList
	for i, in := range o.Status.LoadBalancer.Ingress {
		p := field.NewPath("status", "loadBalancer", "ingress").Index(i)
		if in.IP != "" {
			errs = append(errs, meta.IP(p.Child("ip"), in.IP, known...)...)
		}
		if in.Hostname != "" {
			errs = append(errs, meta.Invalid(p.Child("hostname"), in.Hostname, validation.IsDNS1123Subdomain(in.Hostname))...)
			errs = append(errs, notIP(p.Child("hostname"), in.Hostname)...)
		}
	}
	return errs
}

func notIP(p *field.Path, host string) field.ErrorList {
	if netutils.ParseIPSloppy(host) == nil {
		return nil
	}
	return field.ErrorList{field.Invalid(p, host, "must be a DNS name, not an IP address")}
}

func validateHost(p *field.Path, host string) field.ErrorList {
	if strings.Contains(host, "*") {
		return meta.Invalid(p, host, validation.IsWildcardDNS1123Subdomain(host))
	}
	return meta.Invalid(p, host, validation.IsDNS1123Subdomain(host))
}

func validateIngressRule(r *networkingv1.IngressRule, t tolerance, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if r.Host != "" {
		errs = append(errs, notIP(p.Child("host"), r.Host)...)
		errs = append(errs, validateHost(p.Child("host"), r.Host)...)
	}
	if t.wildcardRules && strings.Contains(r.Host, "*") {
		return errs
	}
	return append(errs, validateHTTP(r.HTTP, p.Child("http", "paths"))...)
}

func validateHTTP(r *networkingv1.HTTPIngressRuleValue, p *field.Path) field.ErrorList {
	switch {
	case r == nil:
		return nil
	case len(r.Paths) == 0:
		return field.ErrorList{field.Required(p, "")}
	}
	var errs field.ErrorList
	for i := range r.Paths {
		errs = append(errs, validatePath(&r.Paths[i], p.Index(i))...)
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
		for _, bad := range []string{"/..", "/."} {
			if strings.HasSuffix(h.Path, bad) {
				errs = append(errs, field.Invalid(p.Child("path"), h.Path, "cannot end with '"+bad+"'"))
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
		return field.ErrorList{field.Invalid(p, "", "resource or service backend is required")}
	case b.Resource != nil:
		return validateReference(b.Resource.APIGroup, b.Resource.Kind, b.Resource.Name, p.Child("resource"))
	}
	sp := p.Child("service")
	errs := meta.Name(sp.Child("name"), b.Service.Name, meta.Label)
	port := b.Service.Port
	switch {
	case port.Name != "" && port.Number != 0:
		errs = append(errs, field.Invalid(p, "", "cannot set both port name & port number"))
	case port.Name != "":
		errs = append(errs, meta.Invalid(sp.Child("port", "name"), port.Name, validation.IsValidPortName(port.Name))...)
	case port.Number != 0:
		errs = append(errs, meta.Port(sp.Child("port", "number"), port.Number)...)
	default:
		errs = append(errs, field.Required(p, "port name or number is required"))
	}
	return errs
}

// validateReference judges a reference to an object of any kind.
func validateReference(group *string, kind, name string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if group != nil {
		errs = append(errs, meta.Invalid(p.Child("apiGroup"), *group, validation.IsDNS1123Subdomain(*group))...)
	}
	errs = append(errs, meta.Required(p.Child("kind"), kind, content.IsPathSegmentName)...)
	return append(errs, meta.Required(p.Child("name"), name, content.IsPathSegmentName)...)
}

func ingressRow(o *networkingv1.Ingress) []any {
	class := table.None
	if c := o.Spec.IngressClassName; c != nil {
		class = *c
	}
	ports := "80"
	if len(o.Spec.TLS) > 0 {
		ports = "80, 443"
	}
	return []any{o.Name, class, ingressHosts(o.Spec.Rules), ingressAddresses(o), ports, table.Age(o.CreationTimestamp)}
}

// ingressHosts names the hosts of the first three rules that have one, and
// counts the rules beyond three.
func ingressHosts(rules []networkingv1.IngressRule) string {
	const most = 3
	var hosts []string
	more := false
	for _, r := range rules {
		more = more || len(hosts) == most
		if len(hosts) < most && r.Host != "" {
			hosts = append(hosts, r.Host)
		}
	}
	switch {
	case len(hosts) == 0:
		return "*"
	case more:
		return fmt.Sprintf("%s + %d more...", strings.Join(hosts, ","), len(rules)-most)
	}
	return strings.Join(hosts, ",")
}

func ingressAddresses(o *networkingv1.Ingress) string {
	var addresses []string
	for _, in := range o.Status.LoadBalancer.Ingress {
		if a := table.Or(in.IP, in.Hostname); a != "" {
			addresses = append(addresses, a)
		}
	}
	slices.Sort(addresses)
	return strings.Join(slices.Compact(addresses), ",")
}
