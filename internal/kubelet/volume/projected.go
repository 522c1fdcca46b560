package volume

import (
	"context"
	"fmt"
	"os"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// A token is renewed when a fifth of its life is left, or after a day.
	tokenMaxAge     = 24 * time.Hour
	defaultTokenTTL = int64(3600)
)

type tokenKey struct {
	pod      types.UID
	audience string
	seconds  int64
}

// token is an issued token, and when to ask for the next.
type token struct {
	text    string
	renewAt time.Time
}

// projected is several sources in one directory.
func (s *setup) projected(ctx context.Context, v *corev1.ProjectedVolumeSource) (string, error) {
	c := s.content(v.DefaultMode)
	for i := range v.Sources {
		if err := s.project(ctx, c, &v.Sources[i]); err != nil {
			return "", err
		}
	}
	return s.write("projected", c, true)
}

func (s *setup) project(ctx context.Context, c *content, p *corev1.VolumeProjection) error {
	switch {
	case p.ServiceAccountToken != nil:
		return s.addToken(ctx, c, p.ServiceAccountToken)
	case p.ConfigMap != nil:
		return s.addConfigMap(ctx, c, p.ConfigMap.Name, p.ConfigMap.Items, isTrue(p.ConfigMap.Optional))
	case p.Secret != nil:
		return s.addSecret(ctx, c, p.Secret.Name, p.Secret.Items, isTrue(p.Secret.Optional))
	case p.DownwardAPI != nil:
		return s.addDownward(c, p.DownwardAPI.Items)
	}
	return fmt.Errorf("this kind of projected source is not supported on this node")
}

// addToken adds a service account token bound to the pod. It is for the one
// user that all containers run as, if there is one.
func (s *setup) addToken(ctx context.Context, c *content, p *corev1.ServiceAccountTokenProjection) error {
	t, err := s.token(ctx, p)
	if err != nil {
		return err
	}
	c.put(p.Path, []byte(t.text), nil)
	if uid := commonUser(s.pod); uid != nil {
		f := c.files[p.Path]
		f.uid, f.mode = uid, os.FileMode(0o600)
		if f.gid != nil {
			f.mode |= 0o040
		}
		c.files[p.Path] = f
	}
	if s.refresh.IsZero() || t.renewAt.Before(s.refresh) {
		s.refresh = t.renewAt
	}
	return nil
}

func (s *setup) token(ctx context.Context, p *corev1.ServiceAccountTokenProjection) (token, error) {
	key := tokenKey{pod: s.pod.UID, audience: p.Audience, seconds: defaultTokenTTL}
	if p.ExpirationSeconds != nil {
		key.seconds = *p.ExpirationSeconds
	}
	s.m.mu.Lock()
	known, ok := s.m.tokens[key]
	s.m.mu.Unlock()
	if ok && s.m.Now().Before(known.renewAt) {
		return known, nil
	}
	issued, err := s.m.issue(ctx, s.pod, key)
	if err != nil {
		if ok { // the old one still works for a while
			known.renewAt = s.m.Now().Add(time.Minute)
			return known, nil
		}
		return token{}, fmt.Errorf("failed to fetch token: %w", err)
	}
	s.m.mu.Lock()
	s.m.tokens[key] = issued
	s.m.mu.Unlock()
	return issued, nil
}

func (m *Manager) issue(ctx context.Context, pod *corev1.Pod, key tokenKey) (token, error) {
	account := pod.Spec.ServiceAccountName
	if account == "" {
		account = "default"
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: &key.seconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}, ObjectMeta: metav1.ObjectMeta{}}
	if key.audience != "" {
		request.Spec.Audiences = []string{key.audience}
	}
	made, err := m.Tokens(ctx, pod.Namespace, account, request)
	if err != nil {
		return token{}, err
	}
	now := m.Now()
	life := made.Status.ExpirationTimestamp.Sub(now)
	return token{text: made.Status.Token, renewAt: now.Add(min(life*4/5, tokenMaxAge))}, nil
}

func (m *Manager) forgetTokens(uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.tokens {
		if k.pod == uid {
			delete(m.tokens, k)
		}
	}
}

// commonUser is the user that every container runs as, nil if they differ or
// the images decide.
func commonUser(pod *corev1.Pod) *int64 {
	var common *int64
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			uid := runAsUser(pod, &list[i])
			if uid == nil || common != nil && *common != *uid {
				return nil
			}
			common = uid
		}
	}
	return common
}

func runAsUser(pod *corev1.Pod, c *corev1.Container) *int64 {
	if c.SecurityContext != nil && c.SecurityContext.RunAsUser != nil {
		return c.SecurityContext.RunAsUser
	}
	if pod.Spec.SecurityContext != nil {
		return pod.Spec.SecurityContext.RunAsUser
	}
	return nil
}
