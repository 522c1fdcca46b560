package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

func validateLifecycle(c *corev1.Container, grace *int64, p *field.Path) field.ErrorList {
	errs := validateProbe(c.LivenessProbe, true, p.Child("livenessProbe"))
	errs = append(errs, validateProbe(c.ReadinessProbe, false, p.Child("readinessProbe"))...)
	errs = append(errs, validateProbe(c.StartupProbe, true, p.Child("startupProbe"))...)
	if r := c.ReadinessProbe; r != nil && r.TerminationGracePeriodSeconds != nil {
		errs = append(errs, field.Invalid(p.Child("readinessProbe", "terminationGracePeriodSeconds"),
			*r.TerminationGracePeriodSeconds, "must not be set for readinessProbes"))
	}
	if l := c.Lifecycle; l != nil {
		if l.PostStart != nil {
			errs = append(errs, validateHook(l.PostStart, grace, p.Child("lifecycle", "postStart"))...)
		}
		if l.PreStop != nil {
			errs = append(errs, validateHook(l.PreStop, grace, p.Child("lifecycle", "preStop"))...)
		}
	}
	return errs
}

// validateProbe judges a probe; once says that one success is all it may want.
func validateProbe(probe *corev1.Probe, once bool, p *field.Path) field.ErrorList {
	if probe == nil {
		return nil
	}
	h := probe.ProbeHandler
	errs := oneHandler(p, h.Exec != nil, h.HTTPGet != nil, h.TCPSocket != nil, h.GRPC != nil)
	errs = append(errs, validateActions(h.Exec, h.HTTPGet, h.TCPSocket, p)...)
	if h.GRPC != nil {
		errs = append(errs, meta.Port(p.Child("grpc", "port"), h.GRPC.Port)...)
	}
	errs = append(errs, meta.NonNegatives(p, map[string]int32{
		"initialDelaySeconds": probe.InitialDelaySeconds, "timeoutSeconds": probe.TimeoutSeconds,
		"periodSeconds": probe.PeriodSeconds, "successThreshold": probe.SuccessThreshold, "failureThreshold": probe.FailureThreshold,
	})...)
	if g := probe.TerminationGracePeriodSeconds; g != nil && *g <= 0 {
		errs = append(errs, field.Invalid(p.Child("terminationGracePeriodSeconds"), *g, "must be greater than 0"))
	}
	if once && probe.SuccessThreshold != 1 {
		errs = append(errs, field.Invalid(p.Child("successThreshold"), probe.SuccessThreshold, "must be 1"))
	}
	return errs
}

func validateHook(h *corev1.LifecycleHandler, grace *int64, p *field.Path) field.ErrorList {
	errs := oneHandler(p, h.Exec != nil, h.HTTPGet != nil, h.TCPSocket != nil, h.Sleep != nil)
	errs = append(errs, validateActions(h.Exec, h.HTTPGet, h.TCPSocket, p)...)
	if h.Sleep != nil && grace != nil && (h.Sleep.Seconds < 0 || h.Sleep.Seconds > *grace) {
		errs = append(errs, field.Invalid(p.Child("sleep"), h.Sleep.Seconds,
			fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *grace)))
	}
	return errs
}

func oneHandler(p *field.Path, set ...bool) field.ErrorList {
	n := 0
	for _, s := range set {
		if s {
			n++
		}
	}
	switch n {
	case 0:
		return field.ErrorList{field.Required(p, "must specify a handler type")}
	case 1:
		return nil
	}
	return field.ErrorList{field.Forbidden(p, "may not specify more than 1 handler type")}
}

func validateActions(exec *corev1.ExecAction, get *corev1.HTTPGetAction, tcp *corev1.TCPSocketAction, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if exec != nil && len(exec.Command) == 0 {
		errs = append(errs, field.Required(p.Child("exec", "command"), ""))
	}
	if get != nil {
		gp := p.Child("httpGet")
		if get.Path == "" {
			errs = append(errs, field.Required(gp.Child("path"), ""))
		}
		errs = append(errs, PortOrName(gp.Child("port"), get.Port)...)
		errs = append(errs, meta.Enum(gp.Child("scheme"), get.Scheme, corev1.URISchemeHTTP, corev1.URISchemeHTTPS)...)
		for i, h := range get.HTTPHeaders {
			errs = append(errs, meta.Invalid(gp.Child("httpHeaders").Index(i).Child("name"), h.Name, validation.IsHTTPHeaderName(h.Name))...)
		}
		if strings.ContainsAny(get.Host, " \n") {
			errs = append(errs, field.Invalid(gp.Child("host"), get.Host, "must not contain whitespace"))
		}
	}
	if tcp != nil {
		errs = append(errs, PortOrName(p.Child("tcpSocket", "port"), tcp.Port)...)
	}
	return errs
}

// PortOrName wants a port number or the name of a port.
func PortOrName(p *field.Path, port intstr.IntOrString) field.ErrorList {
	switch port.Type {
	case intstr.Int:
		return meta.Invalid(p, port.IntValue(), validation.IsValidPortNum(port.IntValue()))
	case intstr.String:
		return meta.Invalid(p, port.StrVal, validation.IsValidPortName(port.StrVal))
	}
	return field.ErrorList{field.InternalError(p, fmt.Errorf("unknown type: %v", port.Type))}
}
