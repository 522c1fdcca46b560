package source

import corev1 "k8s.io/api/core/v1"

// Refs returns the ConfigMaps and Secrets that a pod's volumes and containers
// refer to, each once.
func Refs(pod *corev1.Pod) []Ref {
	c := collector{namespace: pod.Namespace, seen: map[Ref]bool{}}
	for i := range pod.Spec.Volumes {
		c.volume(&pod.Spec.Volumes[i])
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			c.container(&list[i])
		}
	}
	return c.refs
}

type collector struct {
	namespace string
	seen      map[Ref]bool
	refs      []Ref
}

func (c *collector) add(kind Kind, name string) {
	r := Ref{kind, c.namespace, name}
	if name != "" && !c.seen[r] {
		c.seen[r] = true
		c.refs = append(c.refs, r)
	}
}

func (c *collector) volume(v *corev1.Volume) {
	switch {
	case v.ConfigMap != nil:
		c.add(ConfigMap, v.ConfigMap.Name)
	case v.Secret != nil:
		c.add(Secret, v.Secret.SecretName)
	case v.Projected != nil:
		for _, s := range v.Projected.Sources {
			if s.ConfigMap != nil {
				c.add(ConfigMap, s.ConfigMap.Name)
			}
			if s.Secret != nil {
				c.add(Secret, s.Secret.Name)
			}
		}
	}
}

func (c *collector) container(k *corev1.Container) {
	for _, f := range k.EnvFrom {
		if f.ConfigMapRef != nil {
			c.add(ConfigMap, f.ConfigMapRef.Name)
		}
		if f.SecretRef != nil {
			c.add(Secret, f.SecretRef.Name)
		}
	}
	for _, e := range k.Env {
		if e.ValueFrom == nil {
			continue
		}
		if r := e.ValueFrom.ConfigMapKeyRef; r != nil {
			c.add(ConfigMap, r.Name)
		}
		if r := e.ValueFrom.SecretKeyRef; r != nil {
			c.add(Secret, r.Name)
		}
	}
}
