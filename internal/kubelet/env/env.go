// Package env makes the environment of containers: variables from values,
// fields, ConfigMaps, Secrets and Services, and the expansion of references to
// them in commands.
package env

import (
	"context"
	"fmt"
	"sort"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/downward"
)

// Objects reads the ConfigMaps and Secrets of a namespace.
type Objects interface {
	ConfigMap(ctx context.Context, namespace, name string) (*corev1.ConfigMap, error)
	Secret(ctx context.Context, namespace, name string) (*corev1.Secret, error)
}

// Vars is an environment: a value for each name, in the order of first mention.
type Vars struct {
	names  []string
	values map[string]string
}

func (v *Vars) set(name, value string) {
	if v.values == nil {
		v.values = map[string]string{}
	}
	if _, ok := v.values[name]; !ok {
		v.names = append(v.names, name)
	}
	v.values[name] = value
}

// Lookup returns a variable's value.
func (v *Vars) Lookup(name string) (string, bool) {
	s, ok := v.values[name]
	return s, ok
}

// KeyValues are the variables as the runtime takes them.
func (v *Vars) KeyValues() []*runtimeapi.KeyValue {
	var out []*runtimeapi.KeyValue
	for _, n := range v.names {
		out = append(out, &runtimeapi.KeyValue{Key: n, Value: []byte(v.values[n])})
	}
	return out
}

// ExpandAll expands references to the variables in a command or its arguments.
func (v *Vars) ExpandAll(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, Expand(w, v.Lookup))
	}
	return out
}

// Maker makes environments.
type Maker struct {
	Objects     Objects
	Services    func(namespace string, links bool) map[string]string // see Services
	Allocatable corev1.ResourceList
}

// Make returns the environment of a container. Later sources win over earlier:
// Services, then envFrom, then env in order. Errors are those that a container
// waits for as CreateContainerConfigError.
func (m Maker) Make(ctx context.Context, pod *corev1.Pod, c *corev1.Container) (*Vars, error) {
	v := &Vars{}
	if m.Services != nil {
		links := pod.Spec.EnableServiceLinks == nil || *pod.Spec.EnableServiceLinks
		setAll(v, "", m.Services(pod.Namespace, links))
	}
	for _, from := range c.EnvFrom {
		if err := m.addFrom(ctx, v, pod.Namespace, from); err != nil {
			return nil, err
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			v.set(e.Name, Expand(e.Value, v.Lookup))
			continue
		}
		value, ok, err := m.valueFrom(ctx, pod, c, e.ValueFrom)
		if err != nil {
			return nil, err
		}
		if ok {
			v.set(e.Name, value)
		}
	}
	return v, nil
}

func setAll(v *Vars, prefix string, values map[string]string) {
	names := make([]string, 0, len(values))
	for n := range values {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		v.set(prefix+n, values[n])
	}
}

func optional(b *bool) bool { return b != nil && *b }

func (m Maker) addFrom(ctx context.Context, v *Vars, namespace string, from corev1.EnvFromSource) error {
	switch {
	case from.ConfigMapRef != nil:
		cm, err := m.Objects.ConfigMap(ctx, namespace, from.ConfigMapRef.Name)
		if apierrors.IsNotFound(err) && optional(from.ConfigMapRef.Optional) {
			return nil
		} else if err != nil {
			return err
		}
		setAll(v, from.Prefix, cm.Data)
	case from.SecretRef != nil:
		s, err := m.Objects.Secret(ctx, namespace, from.SecretRef.Name)
		if apierrors.IsNotFound(err) && optional(from.SecretRef.Optional) {
			return nil
		} else if err != nil {
			return err
		}
		values := map[string]string{}
		for k, b := range s.Data {
			values[k] = string(b)
		}
		setAll(v, from.Prefix, values)
	}
	return nil
}

// valueFrom returns a variable's value; false for an optional one that is not
// there.
func (m Maker) valueFrom(ctx context.Context, pod *corev1.Pod, c *corev1.Container, from *corev1.EnvVarSource) (string, bool, error) {
	switch {
	case from.FieldRef != nil:
		s, err := downward.Field(pod, from.FieldRef.FieldPath)
		return s, true, err
	case from.ResourceFieldRef != nil:
		s, err := downward.Resource(pod, c, from.ResourceFieldRef, m.Allocatable)
		return s, true, err
	case from.ConfigMapKeyRef != nil:
		return m.configMapKey(ctx, pod.Namespace, from.ConfigMapKeyRef)
	case from.SecretKeyRef != nil:
		return m.secretKey(ctx, pod.Namespace, from.SecretKeyRef)
	}
	return "", false, nil
}

func (m Maker) configMapKey(ctx context.Context, namespace string, ref *corev1.ConfigMapKeySelector) (string, bool, error) {
	cm, err := m.Objects.ConfigMap(ctx, namespace, ref.Name)
	if apierrors.IsNotFound(err) && optional(ref.Optional) {
		return "", false, nil
	} else if err != nil {
		return "", false, err
	}
	if s, ok := cm.Data[ref.Key]; ok {
		return s, true, nil
	}
	if optional(ref.Optional) {
		return "", false, nil
	}
	return "", false, fmt.Errorf("couldn't find key %v in ConfigMap %v/%v", ref.Key, namespace, ref.Name)
}

func (m Maker) secretKey(ctx context.Context, namespace string, ref *corev1.SecretKeySelector) (string, bool, error) {
	s, err := m.Objects.Secret(ctx, namespace, ref.Name)
	if apierrors.IsNotFound(err) && optional(ref.Optional) {
		return "", false, nil
	} else if err != nil {
		return "", false, err
	}
	if b, ok := s.Data[ref.Key]; ok {
		return string(b), true, nil
	}
	if optional(ref.Optional) {
		return "", false, nil
	}
	return "", false, fmt.Errorf("couldn't find key %v in Secret %v/%v", ref.Key, namespace, ref.Name)
}
