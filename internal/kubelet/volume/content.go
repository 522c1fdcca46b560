package volume

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/kubelet/downward"
)

// defaultMode is that of files whose volume says nothing.
const defaultMode = int32(0o644)

// content gathers the files of a volume.
type content struct {
	files map[string]file
	mode  int32  // of files without a mode of their own
	gid   *int64 // the pod's fsGroup
}

func (s *setup) content(mode *int32) *content {
	c := &content{files: map[string]file{}, mode: defaultMode, gid: s.fsGroup()}
	if mode != nil {
		c.mode = *mode
	}
	return c
}

// put adds a file. The pod's group may read what the owner may.
func (c *content) put(path string, data []byte, mode *int32) {
	m := c.mode
	if mode != nil {
		m = *mode
	}
	perm := os.FileMode(m) & os.ModePerm
	if c.gid != nil {
		perm |= 0o440 | (perm&0o100)>>3
	}
	c.files[path] = file{data: data, mode: perm, gid: c.gid}
}

// keys adds the chosen keys of an object, or all of them.
func (c *content) keys(what string, data map[string][]byte, items []corev1.KeyToPath, optional bool) error {
	if len(items) == 0 {
		for key, value := range data {
			c.put(key, value, nil)
		}
		return nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok {
			if optional {
				continue
			}
			return fmt.Errorf("%s references non-existent key: %s", what, item.Key)
		}
		c.put(item.Path, value, item.Mode)
	}
	return nil
}

func configMapData(cm *corev1.ConfigMap) map[string][]byte {
	data := make(map[string][]byte, len(cm.Data)+len(cm.BinaryData))
	for k, v := range cm.Data {
		data[k] = []byte(v)
	}
	for k, v := range cm.BinaryData {
		data[k] = v
	}
	return data
}

func isTrue(b *bool) bool { return b != nil && *b }

// addConfigMap adds a ConfigMap; one that is optional may be missing.
func (s *setup) addConfigMap(ctx context.Context, c *content, name string, items []corev1.KeyToPath, optional bool) error {
	cm, err := s.m.Objects.ConfigMap(ctx, s.pod.Namespace, name)
	if apierrors.IsNotFound(err) && optional {
		return nil
	} else if err != nil {
		return err
	}
	return c.keys("configmap", configMapData(cm), items, optional)
}

// addSecret is addConfigMap for a Secret.
func (s *setup) addSecret(ctx context.Context, c *content, name string, items []corev1.KeyToPath, optional bool) error {
	secret, err := s.m.Objects.Secret(ctx, s.pod.Namespace, name)
	if apierrors.IsNotFound(err) && optional {
		return nil
	} else if err != nil {
		return err
	}
	return c.keys("secret", secret.Data, items, optional)
}

// addDownward adds fields of the pod.
func (s *setup) addDownward(c *content, items []corev1.DownwardAPIVolumeFile) error {
	for _, item := range items {
		var value string
		var err error
		if item.FieldRef != nil {
			value, err = downward.Field(s.pod, item.FieldRef.FieldPath)
		} else if item.ResourceFieldRef != nil {
			value, err = downward.Resource(s.pod, nil, item.ResourceFieldRef, s.m.Allocatable)
		}
		if err != nil {
			return err
		}
		c.put(item.Path, []byte(value), item.Mode)
	}
	return nil
}

func (s *setup) configMap(ctx context.Context, v *corev1.ConfigMapVolumeSource) (string, error) {
	c := s.content(v.DefaultMode)
	if err := s.addConfigMap(ctx, c, v.Name, v.Items, isTrue(v.Optional)); err != nil {
		return "", err
	}
	return s.write("configmap", c, false)
}

func (s *setup) secret(ctx context.Context, v *corev1.SecretVolumeSource) (string, error) {
	c := s.content(v.DefaultMode)
	if err := s.addSecret(ctx, c, v.SecretName, v.Items, isTrue(v.Optional)); err != nil {
		return "", err
	}
	return s.write("secret", c, true)
}

func (s *setup) downwardAPI(v *corev1.DownwardAPIVolumeSource) (string, error) {
	c := s.content(v.DefaultMode)
	if err := s.addDownward(c, v.Items); err != nil {
		return "", err
	}
	return s.write("downward-api", c, true)
}

// write writes the content; what is secret goes to memory, never to a disk.
func (s *setup) write(plugin string, c *content, inMemory bool) (string, error) {
	dir, err := s.dir(plugin)
	if err != nil {
		return "", err
	}
	if inMemory {
		if err := s.m.Mounter.Tmpfs(dir, 0); err != nil {
			return "", err
		}
	}
	_, err = writeAtomically(dir, c.files)
	return dir, err
}
