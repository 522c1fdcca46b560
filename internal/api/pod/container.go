package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// containers judges the containers of one spec, and remembers what they must
// not share: names and host ports.
type containers struct {
	spec    *corev1.PodSpec
	volumes map[string]corev1.VolumeSource
	ports   meta.Unique[string] // protocol/hostIP/port on the host
	names   meta.Unique[string]
}

func (v *containers) validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(v.spec.Containers) == 0 {
		errs = append(errs, field.Required(p.Child("containers"), ""))
	}
	for i := range v.spec.Containers {
		cp := p.Child("containers").Index(i)
		errs = append(errs, v.one(&v.spec.Containers[i], Containers, cp)...)
		errs = append(errs, v.hostPorts(&v.spec.Containers[i], cp)...)
	}
	for i := range v.spec.InitContainers {
		errs = append(errs, v.init(&v.spec.InitContainers[i], p.Child("initContainers").Index(i))...)
	}
	for i := range v.spec.EphemeralContainers {
		errs = append(errs, v.ephemeral(&v.spec.EphemeralContainers[i], p.Child("ephemeralContainers").Index(i))...)
	}
	return errs
}

func (v *containers) one(c *corev1.Container, t ContainerType, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("name"), c.Name, validation.IsDNS1123Label)
	if len(errs) == 0 {
		errs = append(errs, v.names.Check(p.Child("name"), c.Name)...)
	}
	if c.Image == "" {
		errs = append(errs, field.Required(p.Child("image"), ""))
	} else if strings.TrimSpace(c.Image) != c.Image {
		errs = append(errs, field.Invalid(p.Child("image"), c.Image, "must not have leading or trailing whitespace"))
	}
	errs = append(errs, meta.Enum(p.Child("terminationMessagePolicy"), c.TerminationMessagePolicy,
		corev1.TerminationMessageFallbackToLogsOnError, corev1.TerminationMessageReadFile)...)
	errs = append(errs, meta.Enum(p.Child("imagePullPolicy"), c.ImagePullPolicy,
		corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)...)
	errs = append(errs, v.restart(c, t, p)...)
	errs = append(errs, validatePorts(c.Ports, v.spec.HostNetwork, p.Child("ports"))...)
	errs = append(errs, validateEnv(c.Env, p.Child("env"))...)
	errs = append(errs, validateEnvFrom(c.EnvFrom, p.Child("envFrom"))...)
	errs = append(errs, validateMounts(c, v.volumes, p)...)
	errs = append(errs, ValidateResources(&c.Resources, p.Child("resources"))...)
	errs = append(errs, validateClaims(c.Resources.Claims, v.spec.ResourceClaims, p.Child("resources", "claims"))...)
	errs = append(errs, validateResizePolicy(c.ResizePolicy, p.Child("resizePolicy"))...)
	errs = append(errs, validateSecurity(c.SecurityContext, p.Child("securityContext"))...)
	if t == Containers || sidecar(c) {
		errs = append(errs, validateLifecycle(c, v.spec.TerminationGracePeriodSeconds, p)...)
	}
	return errs
}

// sidecar: an init container that keeps running beside the others.
func sidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func (v *containers) restart(c *corev1.Container, t ContainerType, p *field.Path) field.ErrorList {
	if c.RestartPolicy == nil {
		if len(c.RestartPolicyRules) > 0 {
			return field.ErrorList{field.Required(p.Child("restartPolicy"), "must specify restartPolicy when restart rules are used")}
		}
		return nil
	}
	return meta.EnumOr(p.Child("restartPolicy"), c.RestartPolicy, corev1.ContainerRestartPolicyAlways,
		corev1.ContainerRestartPolicyNever, corev1.ContainerRestartPolicyOnFailure)
}

func (v *containers) init(c *corev1.Container, p *field.Path) field.ErrorList {
	errs := v.one(c, InitContainers, p)
	if sidecar(c) {
		return append(errs, v.hostPorts(c, p)...)
	}
	return append(errs, meta.Forbid(p, "may not be set for init containers without restartPolicy=Always", map[string]bool{
		"lifecycle": c.Lifecycle != nil, "livenessProbe": c.LivenessProbe != nil,
		"readinessProbe": c.ReadinessProbe != nil, "startupProbe": c.StartupProbe != nil,
	})...)
}

func (v *containers) ephemeral(e *corev1.EphemeralContainer, p *field.Path) field.ErrorList {
	c := (*corev1.Container)(&e.EphemeralContainerCommon)
	errs := v.one(c, EphemeralContainers, p)
	errs = append(errs, meta.Forbid(p, "cannot be set for an Ephemeral Container", map[string]bool{
		"ports": len(c.Ports) > 0, "lifecycle": c.Lifecycle != nil, "livenessProbe": c.LivenessProbe != nil,
		"readinessProbe": c.ReadinessProbe != nil, "startupProbe": c.StartupProbe != nil,
		"resources": len(c.Resources.Limits)+len(c.Resources.Requests) > 0, "resizePolicy": len(c.ResizePolicy) > 0,
		"restartPolicy": c.RestartPolicy != nil,
	})...)
	if e.TargetContainerName != "" && !v.hasContainer(e.TargetContainerName) {
		errs = append(errs, field.NotFound(p.Child("targetContainerName"), e.TargetContainerName))
	}
	for i, m := range c.VolumeMounts {
		mp := p.Child("volumeMounts").Index(i)
		if m.SubPath != "" {
			errs = append(errs, field.Forbidden(mp.Child("subPath"), "cannot be set for an Ephemeral Container"))
		}
		if m.SubPathExpr != "" {
			errs = append(errs, field.Forbidden(mp.Child("subPathExpr"), "cannot be set for an Ephemeral Container"))
		}
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

// hostPorts finds ports of the host that two containers ask for.
func (v *containers) hostPorts(c *corev1.Container, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, port := range c.Ports {
		if port.HostPort == 0 {
			continue
		}
		id := fmt.Sprintf("%s/%s/%d", port.Protocol, port.HostIP, port.HostPort)
		errs = append(errs, v.ports.Check(p.Child("ports").Index(i).Child("hostPort"), id)...)
	}
	return errs
}

func validatePorts(ports []corev1.ContainerPort, hostNetwork bool, p *field.Path) field.ErrorList {
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
			if hostNetwork && port.HostPort != port.ContainerPort {
				errs = append(errs, field.Invalid(ip.Child("hostPort"), port.HostPort, "must match `containerPort` when `hostNetwork` is true"))
			}
		}
		errs = append(errs, meta.Enum(ip.Child("protocol"), port.Protocol, corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP)...)
		errs = append(errs, validateIP(ip.Child("hostIP"), port.HostIP)...)
	}
	return errs
}

func validateMounts(c *corev1.Container, volumes map[string]corev1.VolumeSource, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	paths := sets.New[string]()
	for i, m := range c.VolumeMounts {
		mp := p.Child("volumeMounts").Index(i)
		if m.Name == "" {
			errs = append(errs, field.Required(mp.Child("name"), ""))
		} else if _, ok := volumes[m.Name]; !ok {
			errs = append(errs, field.NotFound(mp.Child("name"), m.Name))
		}
		if m.MountPath == "" {
			errs = append(errs, field.Required(mp.Child("mountPath"), ""))
		} else if paths.Has(m.MountPath) {
			errs = append(errs, field.Invalid(mp.Child("mountPath"), m.MountPath, "must be unique"))
		}
		paths.Insert(m.MountPath)
		if m.SubPath != "" && m.SubPathExpr != "" {
			errs = append(errs, field.Invalid(mp.Child("subPathExpr"), m.SubPathExpr, "subPathExpr and subPath are mutually exclusive"))
		}
		errs = append(errs, descending(mp.Child("subPath"), m.SubPath)...)
		errs = append(errs, descending(mp.Child("subPathExpr"), m.SubPathExpr)...)
		errs = append(errs, validatePropagation(c, m, mp)...)
	}
	for i, d := range c.VolumeDevices {
		dp := p.Child("volumeDevices").Index(i)
		if source, ok := volumes[d.Name]; !ok {
			errs = append(errs, field.NotFound(dp.Child("name"), d.Name))
		} else if source.PersistentVolumeClaim == nil && source.Ephemeral == nil {
			errs = append(errs, field.Invalid(dp.Child("name"), d.Name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"))
		}
		if d.DevicePath == "" {
			errs = append(errs, field.Required(dp.Child("devicePath"), ""))
		}
		if paths.Has(d.DevicePath) {
			errs = append(errs, field.Invalid(dp.Child("devicePath"), d.DevicePath, "must not already exist as a path in volumeMounts"))
		}
	}
	return errs
}

func validatePropagation(c *corev1.Container, m corev1.VolumeMount, p *field.Path) field.ErrorList {
	errs := meta.EnumOr(p.Child("mountPropagation"), m.MountPropagation,
		corev1.MountPropagationBidirectional, corev1.MountPropagationHostToContainer, corev1.MountPropagationNone)
	privileged := c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged
	if m.MountPropagation != nil && *m.MountPropagation == corev1.MountPropagationBidirectional && !privileged {
		errs = append(errs, field.Forbidden(p.Child("mountPropagation"), "Bidirectional mount propagation is available only to privileged containers"))
	}
	errs = append(errs, meta.EnumOr(p.Child("recursiveReadOnly"), m.RecursiveReadOnly,
		corev1.RecursiveReadOnlyDisabled, corev1.RecursiveReadOnlyIfPossible, corev1.RecursiveReadOnlyEnabled)...)
	if r := m.RecursiveReadOnly; r != nil && *r != corev1.RecursiveReadOnlyDisabled && !m.ReadOnly {
		errs = append(errs, field.Forbidden(p.Child("recursiveReadOnly"), "may only be specified when readOnly is true"))
	}
	return errs
}

// descending wants path to be relative and to stay below where it starts.
func descending(p *field.Path, path string) field.ErrorList {
	var errs field.ErrorList
	if strings.HasPrefix(path, "/") {
		errs = append(errs, field.Invalid(p, path, "must be a relative path"))
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == ".." {
			return append(errs, field.Invalid(p, path, "must not contain '..'"))
		}
	}
	return errs
}
