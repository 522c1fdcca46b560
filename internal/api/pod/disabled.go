package pod

import corev1 "k8s.io/api/core/v1"

// dropDisabled empties the fields of features that are not there yet. Clients
// may send them, as they will to servers that have the feature; nobody here
// would heed them, so they are not kept either.
func dropDisabled(s *corev1.PodSpec) {
	s.SchedulingGroup, s.EvictionResponders = nil, nil
	for i := range s.Volumes {
		dropFromVolume(&s.Volumes[i])
	}
	EachContainer(s, func(c *corev1.Container, _ ContainerType) { dropFromContainer(c) })
}

func dropFromContainer(c *corev1.Container) {
	for i := range c.VolumeMounts {
		c.VolumeMounts[i].BindMountOptions = nil
	}
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if p != nil && p.HTTPGet != nil {
			p.HTTPGet.Protocol = nil
		}
		if p != nil && p.GRPC != nil {
			p.GRPC.Mode = nil
		}
	}
	l := c.Lifecycle
	if l == nil {
		return
	}
	for _, h := range []*corev1.LifecycleHandler{l.PostStart, l.PreStop} {
		if h != nil && h.HTTPGet != nil {
			h.HTTPGet.Protocol = nil
		}
	}
	if l.StopSignal != nil {
		l.StopSignal = nil
		if l.PostStart == nil && l.PreStop == nil {
			c.Lifecycle = nil // the signal is all that it was for
		}
	}
}

func dropFromVolume(v *corev1.Volume) {
	if v.EmptyDir != nil {
		v.EmptyDir.Mode = nil
	}
	if s := v.Secret; s != nil {
		s.DefaultUser = nil
		dropFromKeys(s.Items)
	}
	if m := v.ConfigMap; m != nil {
		m.DefaultUser = nil
		dropFromKeys(m.Items)
	}
	if d := v.DownwardAPI; d != nil {
		d.DefaultUser = nil
		dropFromFiles(d.Items)
	}
	if p := v.Projected; p != nil {
		p.DefaultUser = nil
		for i := range p.Sources {
			dropFromProjection(&p.Sources[i])
		}
	}
}

func dropFromProjection(p *corev1.VolumeProjection) {
	if p.Secret != nil {
		dropFromKeys(p.Secret.Items)
	}
	if p.ConfigMap != nil {
		dropFromKeys(p.ConfigMap.Items)
	}
	if p.DownwardAPI != nil {
		dropFromFiles(p.DownwardAPI.Items)
	}
	if p.ServiceAccountToken != nil {
		p.ServiceAccountToken.User = nil
	}
	if p.ClusterTrustBundle != nil {
		p.ClusterTrustBundle.User = nil
	}
	if p.PodCertificate != nil {
		p.PodCertificate.User = nil
	}
}

func dropFromKeys(items []corev1.KeyToPath) {
	for i := range items {
		items[i].User = nil
	}
}

func dropFromFiles(items []corev1.DownwardAPIVolumeFile) {
	for i := range items {
		items[i].User = nil
	}
}
