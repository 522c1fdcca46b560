// Package volume puts the volumes of pods on this node's disk and takes them
// away again.
//
// It owns DATA/pods/UID/volumes and volume-subpaths, and every mount below
// them. Each kind of volume is one file. Setting up is idempotent: done again
// it brings content up to date, and after a restart of the kubelet it finds
// what was there.
package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Objects reads what volumes refer to in the API.
type Objects interface {
	ConfigMap(ctx context.Context, namespace, name string) (*corev1.ConfigMap, error)
	Secret(ctx context.Context, namespace, name string) (*corev1.Secret, error)
}

// Claims resolves persistent volume claims.
type Claims interface {
	Claim(ctx context.Context, namespace, name string) (*corev1.PersistentVolumeClaim, error)
	Volume(ctx context.Context, name string) (*corev1.PersistentVolume, error)
}

// Tokens issues service account tokens.
type Tokens func(ctx context.Context, namespace, account string, r *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error)

// Config is what a Manager needs.
type Config struct {
	Root        string // DATA/pods
	Objects     Objects
	Claims      Claims
	Tokens      Tokens
	Allocatable corev1.ResourceList // of the node, for the downward API
	Mounter     Mounter
	Now         func() time.Time
}

// Manager sets up and tears down volumes.
type Manager struct {
	Config
	mu     sync.Mutex
	tokens map[tokenKey]token
}

// New returns a Manager. Mounter and Now have sensible defaults.
func New(cfg Config) *Manager {
	if cfg.Mounter == nil {
		cfg.Mounter = Kernel{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Manager{Config: cfg, tokens: map[tokenKey]token{}}
}

// Volumes is where a pod's volumes are.
type Volumes struct {
	Paths   map[string]string // by the volume's name: a directory, or what a hostPath names
	Refresh time.Time         // set up again then, to renew tokens; zero for never
}

// setup is the work on one volume.
type setup struct {
	m       *Manager
	pod     *corev1.Pod
	volume  *corev1.Volume
	refresh time.Time
}

// SetUp sets up all of a pod's volumes, or brings them up to date. Volumes that
// could not be set up are each named in the error.
func (m *Manager) SetUp(ctx context.Context, pod *corev1.Pod) (Volumes, error) {
	out := Volumes{Paths: map[string]string{}}
	var errs []error
	for i := range pod.Spec.Volumes {
		s := &setup{m: m, pod: pod, volume: &pod.Spec.Volumes[i]}
		path, err := s.setUp(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", s.volume.Name, err))
			continue
		}
		out.Paths[s.volume.Name] = path
		if !s.refresh.IsZero() && (out.Refresh.IsZero() || s.refresh.Before(out.Refresh)) {
			out.Refresh = s.refresh
		}
	}
	return out, errors.Join(errs...)
}

// setUp sets up one volume and returns its path.
func (s *setup) setUp(ctx context.Context) (string, error) {
	switch v := s.volume.VolumeSource; {
	case v.EmptyDir != nil:
		return s.emptyDir(v.EmptyDir)
	case v.HostPath != nil:
		return hostPath(v.HostPath)
	case v.ConfigMap != nil:
		return s.configMap(ctx, v.ConfigMap)
	case v.Secret != nil:
		return s.secret(ctx, v.Secret)
	case v.Projected != nil:
		return s.projected(ctx, v.Projected)
	case v.DownwardAPI != nil:
		return s.downwardAPI(v.DownwardAPI)
	case v.PersistentVolumeClaim != nil:
		return s.claim(ctx, v.PersistentVolumeClaim.ClaimName)
	case v.Ephemeral != nil:
		return s.claim(ctx, s.pod.Name+"-"+s.volume.Name)
	}
	return "", errors.New("this kind of volume is not supported on this node")
}

// dir is the directory of the volume, made if it is not there. plugin is the
// name that Kubernetes gives the kind of volume.
func (s *setup) dir(plugin string) (string, error) {
	dir := filepath.Join(s.m.podDir(s.pod.UID), "volumes", "kubernetes.io~"+plugin, s.volume.Name)
	return dir, os.MkdirAll(dir, 0o755)
}

func (m *Manager) podDir(uid types.UID) string { return filepath.Join(m.Root, string(uid)) }

// TearDown removes a pod's volumes and their content.
func (m *Manager) TearDown(uid types.UID) error {
	m.forgetTokens(uid)
	dir := m.podDir(uid)
	for _, sub := range []string{"volume-subpaths", "volumes"} {
		if err := m.Mounter.UnmountBelow(filepath.Join(dir, sub)); err != nil {
			return err
		}
	}
	return errors.Join(
		os.RemoveAll(filepath.Join(dir, "volume-subpaths")),
		os.RemoveAll(filepath.Join(dir, "volumes")))
}
