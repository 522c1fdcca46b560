package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// containers judges the containers of one spec. No two of them, of whatever
// type, may have one name.
type containers struct {
	spec    *corev1.PodSpec
	isPod   bool // and not the template of one
	volumes map[string]corev1.VolumeSource
	names   meta.Unique[string]
}

func (v *containers) validate(p *field.Path) field.ErrorList {
	errs := v.regular(p.Child("containers"))
	for i := range v.spec.InitContainers {
		errs = append(errs, v.init(&v.spec.InitContainers[i], p.Child("initContainers").Index(i))...)
	}
	for i := range v.spec.EphemeralContainers {
		errs = append(errs, v.ephemeral(&v.spec.EphemeralContainers[i], p.Child("ephemeralContainers").Index(i))...)
	}
	return errs
}

func (v *containers) regular(p *field.Path) field.ErrorList {
	if len(v.spec.Containers) == 0 {
		return field.ErrorList{field.Required(p, "")}
	}
	var errs, ports field.ErrorList
	hostPorts := meta.Unique[string]{}
	for i := range v.spec.Containers {
		c, cp := &v.spec.Containers[i], p.Index(i)
		errs = append(errs, v.common(c, cp)...)
		errs = append(errs, v.unique(c, cp)...)
		errs = append(errs, validateLifecycle(c, v.spec, cp)...)
		errs = append(errs, validateRestart(c, cp)...)
		ports = append(ports, uniqueHostPorts(hostPorts, c, cp)...)
	}
	return append(errs, ports...)
}

// common judges what all containers share.
func (v *containers) common(c *corev1.Container, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("name"), c.Name, validation.IsDNS1123Label)
	if c.Image == "" {
		errs = append(errs, field.Required(p.Child("image"), ""))
	} else if v.isPod && strings.TrimSpace(c.Image) != c.Image {
		errs = append(errs, field.Invalid(p.Child("image"), c.Image, "must not have leading or trailing whitespace"))
	}
	errs = append(errs, meta.Enum(p.Child("terminationMessagePolicy"), c.TerminationMessagePolicy,
		corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError)...)
	errs = append(errs, validatePorts(c.Ports, p.Child("ports"))...)
	errs = append(errs, validateEnv(c.Env, v.volumes, p.Child("env"))...)
	errs = append(errs, validateEnvFrom(c.EnvFrom, p.Child("envFrom"))...)
	errs = append(errs, validateMounts(c, v.volumes, p.Child("volumeMounts"))...)
	errs = append(errs, validateDevices(c, v.volumes, p.Child("volumeDevices"))...)
	errs = append(errs, validatePullPolicy(p.Child("imagePullPolicy"), c.ImagePullPolicy)...)
	errs = append(errs, validateResources(&c.Resources, containerResource, p.Child("resources"))...)
	errs = append(errs, validateClaims(c.Resources.Claims, v.spec.ResourceClaims, p.Child("resources", "claims"))...)
	errs = append(errs, validateResizePolicy(c.ResizePolicy, v.spec.RestartPolicy, p.Child("resizePolicy"))...)
	return append(errs, validateSecurity(c.SecurityContext, hostUsers(v.spec), p.Child("securityContext"))...)
}

func validatePullPolicy(p *field.Path, policy corev1.PullPolicy) field.ErrorList {
	return meta.Enum(p, policy, corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)
}

// unique wants the container's name to be its own, once it has one.
func (v *containers) unique(c *corev1.Container, p *field.Path) field.ErrorList {
	if c.Name == "" {
		return nil
	}
	return v.names.Check(p.Child("name"), c.Name)
}

// sidecar: an init container that keeps running beside the others.
func sidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func (v *containers) init(c *corev1.Container, p *field.Path) field.ErrorList {
	errs := v.common(c, p)
	errs = append(errs, validateRestart(c, p)...)
	errs = append(errs, v.unique(c, p)...)
	// Init containers run one by one, so each has the ports of the host alone.
	errs = append(errs, uniqueHostPorts(meta.Unique[string]{}, c, p)...)
	if sidecar(c) {
		return append(errs, validateLifecycle(c, v.spec, p)...)
	}
	return append(errs, meta.Forbid(p, "may not be set for init containers without restartPolicy=Always", map[string]bool{
		"lifecycle": c.Lifecycle != nil, "livenessProbe": c.LivenessProbe != nil,
		"readinessProbe": c.ReadinessProbe != nil, "startupProbe": c.StartupProbe != nil,
	})...)
}

func (v *containers) ephemeral(e *corev1.EphemeralContainer, p *field.Path) field.ErrorList {
	const never = "cannot be set for an Ephemeral Container"
	c := (*corev1.Container)(&e.EphemeralContainerCommon)
	errs := append(v.common(c, p), v.unique(c, p)...)
	if e.TargetContainerName != "" && !v.hasContainer(e.TargetContainerName) {
		errs = append(errs, field.NotFound(p.Child("targetContainerName"), e.TargetContainerName))
	}
	errs = append(errs, meta.Forbid(p, never, map[string]bool{
		"ports": len(c.Ports) > 0, "lifecycle": c.Lifecycle != nil, "livenessProbe": c.LivenessProbe != nil,
		"readinessProbe": c.ReadinessProbe != nil, "startupProbe": c.StartupProbe != nil,
		"resources":    len(c.Resources.Limits)+len(c.Resources.Requests)+len(c.Resources.Claims) > 0,
		"resizePolicy": len(c.ResizePolicy) > 0, "restartPolicy": c.RestartPolicy != nil,
		"restartPolicyRules": len(c.RestartPolicyRules) > 0,
	})...)
	for i, m := range c.VolumeMounts {
		errs = append(errs, meta.Forbid(p.Child("volumeMounts").Index(i), never, map[string]bool{
			"subPath": m.SubPath != "", "subPathExpr": m.SubPathExpr != "",
		})...)
	}
	return errs
}

func (v *containers) hasContainer(name string) bool {
	for _, list := range [][]corev1.Container{v.spec.Containers, v.spec.InitContainers} {
		for _, c := range list {
			if c.Name == name {
				return true
			}
		}
	}
	return false
}

// uniqueHostPorts finds ports of the host that were asked for before.
func uniqueHostPorts(seen meta.Unique[string], c *corev1.Container, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, port := range c.Ports {
		if port.HostPort != 0 {
			id := fmt.Sprintf("%s/%s/%d", port.Protocol, port.HostIP, port.HostPort)
			errs = append(errs, seen.Check(p.Child("ports").Index(i).Child("hostPort"), id)...)
		}
	}
	return errs
}

func validatePorts(ports []corev1.ContainerPort, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := meta.Unique[string]{}
	for i, port := range ports {
		ip := p.Index(i)
		if port.Name != "" {
			if msgs := validation.IsValidPortName(port.Name); len(msgs) > 0 {
				errs = append(errs, meta.Invalid(ip.Child("name"), port.Name, msgs)...)
			} else {
				errs = append(errs, names.Check(ip.Child("name"), port.Name)...)
			}
		}
		if port.ContainerPort == 0 {
			errs = append(errs, field.Required(ip.Child("containerPort"), ""))
		} else {
			errs = append(errs, meta.Port(ip.Child("containerPort"), port.ContainerPort)...)
		}
		if port.HostPort != 0 {
			errs = append(errs, meta.Port(ip.Child("hostPort"), port.HostPort)...)
		}
		errs = append(errs, meta.Enum(ip.Child("protocol"), port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
	}
	return errs
}

// validateHostNetwork: on the network of the host, a port is the host's. In a
// template it may be left out, since it is filled in when the pod is made.
func validateHostNetwork(s *corev1.PodSpec, isPod bool, p *field.Path) field.ErrorList {
	if !s.HostNetwork {
		return nil
	}
	var errs field.ErrorList
	for i, c := range s.Containers {
		for j, port := range c.Ports {
			if (isPod || port.HostPort != 0) && port.HostPort != port.ContainerPort {
				errs = append(errs, field.Invalid(p.Child("containers").Index(i).Child("ports").Index(j).Child("hostPort"), port.HostPort,
					"must match `containerPort` when `hostNetwork` is true"))
			}
		}
	}
	return errs
}
