package pod

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// containers judges the containers of one spec. No two of them, of whatever
// type, may have one name.
type containers struct {
	spec    *corev1.PodSpec
	volumes map[string]corev1.VolumeSource
	names   sets.Set[string]
}

func validateContainers(s *corev1.PodSpec, volumes map[string]corev1.VolumeSource, p *field.Path) field.ErrorList {
	v := &containers{spec: s, volumes: volumes, names: sets.New[string]()}
	errs := v.regular(p.Child("containers"))
	for i := range s.InitContainers {
		errs = append(errs, v.init(&s.InitContainers[i], i, p.Child("initContainers"))...)
	}
	for i := range s.EphemeralContainers {
		errs = append(errs, v.ephemeral(&s.EphemeralContainers[i], p.Child("ephemeralContainers").Index(i))...)
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
		errs = append(errs, v.unique(c.Name, cp.Child("name"))...)
		errs = append(errs, validateLifecycle(c, v.spec, cp)...)
		errs = append(errs, validateRestart(c, cp)...)
		ports = append(ports, uniqueHostPorts(hostPorts, c, cp)...)
	}
	return append(errs, ports...)
}

// common judges what all containers share.
func (v *containers) common(c *corev1.Container, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("name"), c.Name, validation.IsDNS1123Label)
	errs = append(errs, meta.Required(p.Child("image"), c.Image, nil)...)
	errs = append(errs, meta.Enum(p.Child("terminationMessagePolicy"), c.TerminationMessagePolicy,
		corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError)...)
	errs = append(errs, validatePorts(c.Ports, p.Child("ports"))...)
	errs = append(errs, validateEnv(c.Env, p.Child("env"))...)
	errs = append(errs, validateEnvFrom(c.EnvFrom, p.Child("envFrom"))...)
	errs = append(errs, validateMounts(c, v.volumes, p.Child("volumeMounts"))...)
	errs = append(errs, validateDevices(c, v.volumes, p.Child("volumeDevices"))...)
	errs = append(errs, validatePullPolicy(p.Child("imagePullPolicy"), c.ImagePullPolicy)...)
	errs = append(errs, validateResources(&c.Resources, v.spec.ResourceClaims, containerResource, p.Child("resources"))...)
	errs = append(errs, validateResizePolicy(c.ResizePolicy, v.spec.RestartPolicy, p.Child("resizePolicy"))...)
	return append(errs, validateSecurity(c.SecurityContext, hostUsers(v.spec), p.Child("securityContext"))...)
}

func validatePullPolicy(p *field.Path, policy corev1.PullPolicy) field.ErrorList {
	return meta.Enum(p, policy, corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)
}

// unique wants no container that came before to have the name. One without a
// name is in the way of the next such one.
func (v *containers) unique(name string, p *field.Path) field.ErrorList {
	if v.names.Has(name) {
		return field.ErrorList{field.Duplicate(p, name)}
	}
	v.names.Insert(name)
	return nil
}

// sidecar: an init container that keeps running beside the others.
func sidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func (v *containers) init(c *corev1.Container, i int, list *field.Path) field.ErrorList {
	p := list.Index(i)
	errs := v.common(c, p)
	errs = append(errs, validateInitRestart(c, p)...)
	if c.Name != "" || v.names.Has("") {
		errs = append(errs, v.unique(c.Name, p.Child("name"))...)
	}
	// Init containers run one by one, so each has the ports of the host alone.
	// The API takes each for the first of its list here.
	errs = append(errs, uniqueHostPorts(meta.Unique[string]{}, c, list.Index(0))...)
	if sidecar(c) {
		return append(errs, validateLifecycle(c, v.spec, p)...)
	}
	errs = append(errs, meta.Forbid(p, "may not be set for init containers without restartPolicy=Always", map[string]bool{
		"lifecycle": c.Lifecycle != nil, "livenessProbe": c.LivenessProbe != nil,
		"readinessProbe": c.ReadinessProbe != nil, "startupProbe": c.StartupProbe != nil,
	})...)
	for j, r := range c.ResizePolicy {
		if r.RestartPolicy == corev1.RestartContainer {
			errs = append(errs, field.Invalid(p.Child("resizePolicy").Index(j).Child("restartPolicy"), r.RestartPolicy,
				"must not be set to 'RestartContainer' for non-sidecar initContainers"))
		}
	}
	return errs
}

// ephemeralFields are those of a container that one which is added to a running
// pod may have too.
var ephemeralFields = []string{
	"Name", "Image", "Command", "Args", "WorkingDir", "EnvFrom", "Env", "VolumeMounts", "VolumeDevices", "TerminationMessagePath",
	"TerminationMessagePolicy", "ImagePullPolicy", "SecurityContext", "Stdin", "StdinOnce", "TTY",
}

func (v *containers) ephemeral(e *corev1.EphemeralContainer, p *field.Path) field.ErrorList {
	const never = "cannot be set for an Ephemeral Container"
	c := (*corev1.Container)(&e.EphemeralContainerCommon)
	errs := v.common(c, p)
	errs = append(errs, validateImage(c, p)...)
	errs = append(errs, v.unique(c.Name, p.Child("name"))...)
	if e.TargetContainerName != "" && !v.lasting(e.TargetContainerName) {
		errs = append(errs, field.NotFound(p.Child("targetContainerName"), e.TargetContainerName))
	}
	errs = append(errs, meta.Only(p, e.EphemeralContainerCommon, never, ephemeralFields...)...)
	for i, m := range c.VolumeMounts {
		errs = append(errs, meta.Forbid(p.Child("volumeMounts").Index(i), never, map[string]bool{
			"subPath": m.SubPath != "", "subPathExpr": m.SubPathExpr != "",
		})...)
	}
	return errs
}

// lasting says whether a container of this name was there from the beginning.
func (v *containers) lasting(name string) bool {
	named := func(c corev1.Container) bool { return c.Name == name }
	return slices.ContainsFunc(v.spec.Containers, named) || slices.ContainsFunc(v.spec.InitContainers, named)
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
