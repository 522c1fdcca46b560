// Package pod holds what every kind with pods in it shares: the defaults and
// the rules of a PodSpec and of a pod template, what clients are warned of, the
// quality of service class, and how containers are told apart. It does no I/O.
package pod

import (
	"strings"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
)

// Default fills in what a pod leaves out, but for its metadata and status.
func Default(o *corev1.Pod) {
	DefaultSpec(&o.Spec)
	// Less than no time to end in is the least that there is. Templates keep
	// what was written, and clients are warned of it.
	if g := o.Spec.TerminationGracePeriodSeconds; *g < 0 {
		o.Spec.TerminationGracePeriodSeconds = ptr.To[int64](1)
	}
}

// DefaultTemplate fills in what a template of pods leaves out.
func DefaultTemplate(t *corev1.PodTemplateSpec) {
	DropInitAnnotations(t.Annotations)
	DefaultSpec(&t.Spec)
}

// DropInitAnnotations takes out the annotations that init containers once had
// instead of fields. Nobody heeds them, and who wrote them may still send them.
func DropInitAnnotations(m map[string]string) {
	for _, stage := range []string{"alpha", "beta"} {
		delete(m, "pod."+stage+".kubernetes.io/init-containers")
		delete(m, "pod."+stage+".kubernetes.io/init-container-statuses")
	}
}

// DefaultSpec fills in what a PodSpec leaves out, wherever it stands.
func DefaultSpec(s *corev1.PodSpec) {
	dropDisabled(s)
	meta.Fill(&s.DNSPolicy, corev1.DNSClusterFirst)
	meta.Fill(&s.RestartPolicy, corev1.RestartPolicyAlways)
	meta.Fill(&s.SchedulerName, corev1.DefaultSchedulerName)
	meta.FillPtr(&s.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	meta.FillPtr(&s.SecurityContext, corev1.PodSecurityContext{})
	// serviceAccount is the older name of serviceAccountName; both are kept alike.
	meta.Fill(&s.ServiceAccountName, s.DeprecatedServiceAccount)
	s.DeprecatedServiceAccount = s.ServiceAccountName

	for i := range s.Volumes {
		defaultVolume(&s.Volumes[i])
	}
	EachContainer(s, func(c *corev1.Container, _ ContainerType) { defaultContainer(c) })
	roundUp(s.Overhead)
	if s.Resources != nil {
		roundUp(s.Resources.Limits)
		roundUp(s.Resources.Requests)
	}
}

// ContainerType says which list of a PodSpec a container is in.
type ContainerType string

// The lists, as fields of a PodSpec.
const (
	Containers          ContainerType = "containers"
	InitContainers      ContainerType = "initContainers"
	EphemeralContainers ContainerType = "ephemeralContainers"
)

// EachContainer calls f with every container of the spec; init containers
// first. An ephemeral container appears as a Container: all but its target.
func EachContainer(s *corev1.PodSpec, f func(*corev1.Container, ContainerType)) {
	for i := range s.InitContainers {
		f(&s.InitContainers[i], InitContainers)
	}
	for i := range s.Containers {
		f(&s.Containers[i], Containers)
	}
	for i := range s.EphemeralContainers {
		f((*corev1.Container)(&s.EphemeralContainers[i].EphemeralContainerCommon), EphemeralContainers)
	}
}

func defaultContainer(c *corev1.Container) {
	defaultPullPolicy(&c.ImagePullPolicy, c.Image)
	meta.Fill(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
	meta.Fill(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
	for i := range c.Ports {
		meta.Fill(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
	for i := range c.Env {
		if from := c.Env[i].ValueFrom; from != nil {
			defaultEnv(from)
		}
	}
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if p != nil {
			defaultProbe(p)
		}
	}
	if l := c.Lifecycle; l != nil {
		for _, h := range []*corev1.LifecycleHandler{l.PostStart, l.PreStop} {
			if h != nil && h.HTTPGet != nil {
				defaultHTTPGet(h.HTTPGet)
			}
		}
	}
	roundUp(c.Resources.Limits)
	roundUp(c.Resources.Requests)
}

func defaultEnv(from *corev1.EnvVarSource) {
	if from.FieldRef != nil {
		meta.Fill(&from.FieldRef.APIVersion, "v1")
	}
	if from.FileKeyRef != nil {
		meta.FillPtr(&from.FileKeyRef.Optional, false)
	}
}

// defaultPullPolicy: an image that may change under its name is always pulled;
// it may when its tag is latest, given or implied.
func defaultPullPolicy(policy *corev1.PullPolicy, image string) {
	if *policy != "" {
		return
	}
	*policy = corev1.PullIfNotPresent
	if hasOtherTag(image) {
		return
	}
	name, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return // for the kubelet to complain of
	}
	if t, ok := reference.TagNameOnly(name).(reference.Tagged); ok && t.Tag() == "latest" {
		*policy = corev1.PullAlways
	}
}

// hasOtherTag says whether an image ends in a tag that is not latest, so that
// nothing else about it matters: taking it apart costs several regular
// expressions.
func hasOtherTag(image string) bool {
	tag := image[strings.LastIndexAny(image, ":/@")+1:]
	return len(tag) < len(image) && image[len(image)-len(tag)-1] == ':' && tag != "latest" && !strings.Contains(image, "@")
}

func defaultProbe(p *corev1.Probe) {
	meta.Fill(&p.TimeoutSeconds, 1)
	meta.Fill(&p.PeriodSeconds, 10)
	meta.Fill(&p.SuccessThreshold, 1)
	meta.Fill(&p.FailureThreshold, 3)
	if p.HTTPGet != nil {
		defaultHTTPGet(p.HTTPGet)
	}
	if p.GRPC != nil {
		meta.FillPtr(&p.GRPC.Service, "")
	}
}

func defaultHTTPGet(h *corev1.HTTPGetAction) {
	meta.Fill(&h.Path, "/")
	meta.Fill(&h.Scheme, corev1.URISchemeHTTP)
}

func roundUp(list corev1.ResourceList) { meta.RoundUp(list) }

func defaultVolume(v *corev1.Volume) {
	if ptr.AllPtrFieldsNil(&v.VolumeSource) {
		v.EmptyDir = &corev1.EmptyDirVolumeSource{}
	}
	switch {
	case v.HostPath != nil:
		meta.FillPtr(&v.HostPath.Type, corev1.HostPathUnset)
	case v.Secret != nil:
		meta.FillPtr(&v.Secret.DefaultMode, corev1.SecretVolumeSourceDefaultMode)
	case v.ConfigMap != nil:
		meta.FillPtr(&v.ConfigMap.DefaultMode, corev1.ConfigMapVolumeSourceDefaultMode)
	case v.DownwardAPI != nil:
		meta.FillPtr(&v.DownwardAPI.DefaultMode, corev1.DownwardAPIVolumeSourceDefaultMode)
		defaultFieldRefs(v.DownwardAPI.Items)
	case v.Projected != nil:
		defaultProjected(v.Projected)
	case v.Image != nil:
		defaultPullPolicy(&v.Image.PullPolicy, v.Image.Reference)
	case v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil:
		claim := &v.Ephemeral.VolumeClaimTemplate.Spec
		meta.FillPtr(&claim.VolumeMode, corev1.PersistentVolumeFilesystem)
		roundUp(claim.Resources.Limits)
		roundUp(claim.Resources.Requests)
	case v.ISCSI != nil:
		meta.Fill(&v.ISCSI.ISCSIInterface, "default")
	case v.RBD != nil:
		meta.Fill(&v.RBD.RBDPool, "rbd")
		meta.Fill(&v.RBD.RadosUser, "admin")
		meta.Fill(&v.RBD.Keyring, "/etc/ceph/keyring")
	case v.ScaleIO != nil:
		meta.Fill(&v.ScaleIO.StorageMode, "ThinProvisioned")
		meta.Fill(&v.ScaleIO.FSType, "xfs")
	case v.AzureDisk != nil:
		meta.FillPtr(&v.AzureDisk.CachingMode, corev1.AzureDataDiskCachingReadWrite)
		meta.FillPtr(&v.AzureDisk.Kind, corev1.AzureSharedBlobDisk)
		meta.FillPtr(&v.AzureDisk.FSType, "ext4")
		meta.FillPtr(&v.AzureDisk.ReadOnly, false)
	}
}

// An hour: how long a projected service account token lives.
const tokenExpirationSeconds = 60 * 60

func defaultProjected(p *corev1.ProjectedVolumeSource) {
	meta.FillPtr(&p.DefaultMode, corev1.ProjectedVolumeSourceDefaultMode)
	for i := range p.Sources {
		if t := p.Sources[i].ServiceAccountToken; t != nil {
			meta.FillPtr(&t.ExpirationSeconds, tokenExpirationSeconds)
		}
		if d := p.Sources[i].DownwardAPI; d != nil {
			defaultFieldRefs(d.Items)
		}
	}
}

func defaultFieldRefs(items []corev1.DownwardAPIVolumeFile) {
	for i := range items {
		if items[i].FieldRef != nil {
			meta.Fill(&items[i].FieldRef.APIVersion, "v1")
		}
	}
}
