package pod

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

func validateLifecycle(c *corev1.Container, s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c.Lifecycle != nil {
		errs = append(errs, validateHooks(c.Lifecycle, s, p.Child("lifecycle"))...)
	}
	errs = append(errs, validateProbe(c.LivenessProbe, true, p.Child("livenessProbe"))...)
	errs = append(errs, validateProbe(c.ReadinessProbe, false, p.Child("readinessProbe"))...)
	if r := c.ReadinessProbe; r != nil && r.TerminationGracePeriodSeconds != nil {
		errs = append(errs, field.Invalid(p.Child("readinessProbe", "terminationGracePeriodSeconds"),
			*r.TerminationGracePeriodSeconds, "must not be set for readinessProbes"))
	}
	return append(errs, validateProbe(c.StartupProbe, true, p.Child("startupProbe"))...)
}

// validateProbe judges a probe; once says that one success is all it may want.
func validateProbe(probe *corev1.Probe, once bool, p *field.Path) field.ErrorList {
	if probe == nil {
		return nil
	}
	h := probe.ProbeHandler
	errs := handler{h.Exec, h.HTTPGet, h.TCPSocket, h.GRPC, nil, nil}.judge(p)
	for _, f := range []struct {
		name string
		n    int32
	}{
		{"initialDelaySeconds", probe.InitialDelaySeconds}, {"timeoutSeconds", probe.TimeoutSeconds},
		{"periodSeconds", probe.PeriodSeconds}, {"successThreshold", probe.SuccessThreshold}, {"failureThreshold", probe.FailureThreshold},
	} {
		errs = append(errs, meta.NonNegative(p.Child(f.name), f.n)...)
	}
	if g := probe.TerminationGracePeriodSeconds; g != nil && *g <= 0 {
		errs = append(errs, field.Invalid(p.Child("terminationGracePeriodSeconds"), *g, "must be greater than 0"))
	}
	if once && probe.SuccessThreshold != 1 {
		errs = append(errs, field.Invalid(p.Child("successThreshold"), probe.SuccessThreshold, "must be 1"))
	}
	return errs
}

func validateHooks(l *corev1.Lifecycle, s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, hook := range []struct {
		name string
		h    *corev1.LifecycleHandler
	}{{"postStart", l.PostStart}, {"preStop", l.PreStop}} {
		if h := hook.h; h != nil {
			errs = append(errs, handler{h.Exec, h.HTTPGet, h.TCPSocket, nil, h.Sleep, s.TerminationGracePeriodSeconds}.judge(p.Child(hook.name))...)
		}
	}
	return errs
}

// handler is what a probe or a hook does.
type handler struct {
	exec  *corev1.ExecAction
	get   *corev1.HTTPGetAction
	tcp   *corev1.TCPSocketAction
	grpc  *corev1.GRPCAction
	sleep *corev1.SleepAction
	grace *int64 // that the pod has to end, which a sleep must fit into
}

// judge wants exactly one action, and judges the first.
func (h handler) judge(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	found := false
	for _, a := range []struct {
		name  string
		set   bool
		rules func(*field.Path) field.ErrorList
	}{
		{"exec", h.exec != nil, h.judgeExec}, {"httpGet", h.get != nil, h.judgeGet}, {"tcpSocket", h.tcp != nil, h.judgeTCP},
		{"grpc", h.grpc != nil, h.judgeGRPC}, {"sleep", h.sleep != nil, h.judgeSleep},
	} {
		switch {
		case !a.set:
		case found:
			errs = append(errs, field.Forbidden(p.Child(a.name), "may not specify more than 1 handler type"))
		default:
			found = true
			errs = append(errs, a.rules(p.Child(a.name))...)
		}
	}
	if !found {
		errs = append(errs, field.Required(p, "must specify a handler type"))
	}
	return errs
}

func (h handler) judgeExec(p *field.Path) field.ErrorList {
	if len(h.exec.Command) == 0 {
		return field.ErrorList{field.Required(p.Child("command"), "")}
	}
	return nil
}

func (h handler) judgeGet(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if h.get.Path == "" {
		errs = append(errs, field.Required(p.Child("path"), ""))
	}
	errs = append(errs, PortOrName(p.Child("port"), h.get.Port)...)
	errs = append(errs, meta.OneOf(p.Child("scheme"), h.get.Scheme, corev1.URISchemeHTTP, corev1.URISchemeHTTPS)...)
	for _, header := range h.get.HTTPHeaders {
		errs = append(errs, meta.Invalid(p.Child("httpHeaders"), header.Name, validation.IsHTTPHeaderName(header.Name))...)
	}
	return errs
}

func (h handler) judgeTCP(p *field.Path) field.ErrorList {
	return PortOrName(p.Child("port"), h.tcp.Port)
}

func (h handler) judgeGRPC(p *field.Path) field.ErrorList {
	return meta.Port(p.Child("port"), h.grpc.Port)
}

func (h handler) judgeSleep(p *field.Path) field.ErrorList {
	if h.grace != nil && (h.sleep.Seconds < 0 || h.sleep.Seconds > *h.grace) {
		return field.ErrorList{field.Invalid(p, h.sleep.Seconds,
			fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *h.grace))}
	}
	return nil
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
