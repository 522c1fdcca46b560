package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// containerWarnings remark on the container at p. Of AppArmor annotations they
// say nothing in pods, where those turn into fields.
func containerWarnings(c *corev1.Container, annotations map[string]string, inTemplate bool, p, ap *field.Path) []string {
	var out []string
	x := c.SecurityContext
	if x == nil || x.SeccompProfile == nil {
		out = append(out, replaced(annotations, corev1.SeccompContainerAnnotationKeyPrefix+c.Name, seccompField, ap)...)
	}
	if inTemplate && (x == nil || x.AppArmorProfile == nil) {
		out = append(out, replaced(annotations, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix+c.Name, appArmorField, ap)...)
	}
	limits, requests := p.Child("resources", "limits"), p.Child("resources", "requests")
	for _, name := range []corev1.ResourceName{corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		out = append(out, fractions(c.Resources.Limits, limits, name)...)
		out = append(out, fractions(c.Resources.Requests, requests, name)...)
	}
	return append(out, envWarnings(c.Env, p.Child("env"))...)
}

// envWarnings remark on variables that are set twice, unless the second makes
// something of the first.
func envWarnings(env []corev1.EnvVar, p *field.Path) []string {
	var out []string
	names := sets.New[string]()
	for i, e := range env {
		if names.Has(e.Name) && !extends(e) {
			out = append(out, fmt.Sprintf("%s: hides previous definition of %q, which may be dropped when using apply", p.Index(i), e.Name))
		}
		names.Insert(e.Name)
	}
	return out
}

// extends says whether a variable is made of what it was before, and more.
func extends(e corev1.EnvVar) bool {
	ref := "$(" + e.Name + ")"
	return e.ValueFrom == nil && e.Value != ref && strings.Contains(e.Value, ref)
}

// portAt is a port of a container, and where it stands.
type portAt struct {
	corev1.ContainerPort
	p *field.Path
}

// portWarnings remark on ports that more than one container listens on, and on
// names that mean more than one port.
func portWarnings(s *corev1.PodSpec, p *field.Path) []string {
	var out []string
	type number struct {
		port     int32
		protocol corev1.Protocol
	}
	seen := map[number][]portAt{}
	eachAt(s, p, func(c *corev1.Container, p *field.Path) {
		for i, port := range c.Ports {
			x := portAt{port, p.Child("ports").Index(i)}
			if x.HostIP != "" && x.HostPort == 0 {
				out = append(out, fmt.Sprintf("%s: hostIP set without hostPort: %+v", x.p, x.ContainerPort))
			}
			key := number{x.ContainerPort.ContainerPort, x.Protocol}
			for _, other := range seen[key] {
				if how := x.clash(other); how != "" {
					out = append(out, fmt.Sprintf("%s: %s port definition with %s", x.p, how, other.p))
				}
			}
			seen[key] = append(seen[key], x)
		}
	})
	return append(out, portNameWarnings(s, p)...)
}

// clash says how two definitions of one port get in each other's way, if they
// do.
func (x portAt) clash(other portAt) string {
	switch {
	case x.HostIP == other.HostIP && x.HostPort == other.HostPort:
		return "duplicate"
	case x.HostPort == 0 || other.HostPort == 0:
		return "overlapping"
	case x.HostPort == other.HostPort && (x.HostIP == "") != (other.HostIP == ""):
		return "dangerously ambiguous"
	}
	return ""
}

// portNameWarnings: who looks a port up by its name finds the first, among the
// containers before the sidecars.
func portNameWarnings(s *corev1.PodSpec, p *field.Path) []string {
	var out []string
	first := map[string]*field.Path{}
	remark := func(c *corev1.Container, p *field.Path) {
		for i, port := range c.Ports {
			np := p.Child("ports").Index(i).Child("name")
			if port.Name == "" {
				continue
			}
			if other, twice := first[port.Name]; twice {
				out = append(out, fmt.Sprintf("%s: duplicate port name %q with %s, services and probes that select ports by name will use %s",
					np, port.Name, other, other))
				continue
			}
			first[port.Name] = np
		}
	}
	for i := range s.Containers {
		remark(&s.Containers[i], p.Child("containers").Index(i))
	}
	for i := range s.InitContainers {
		if sidecar(&s.InitContainers[i]) {
			remark(&s.InitContainers[i], p.Child("initContainers").Index(i))
		}
	}
	return out
}
