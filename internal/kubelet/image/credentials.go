// Package image finds the credentials with which an image is pulled, in the
// Secrets that a pod names.
package image

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"path"
	"sort"
	"strings"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// defaultRegistry is what "docker.io" goes by in credential files.
const defaultRegistry = "index.docker.io"

type entry struct {
	Username, Password, Auth string
	IdentityToken            string `json:"identitytoken"`
	RegistryToken            string `json:"registrytoken"`
}

// Credentials returns the credentials in the secrets that fit an image, those
// with the longest path first.
func Credentials(secrets []*corev1.Secret, image string) []*runtimeapi.AuthConfig {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return nil
	}
	target := reference.Domain(named) + "/" + reference.Path(named)
	type match struct {
		pattern string
		auth    *runtimeapi.AuthConfig
	}
	var found []match
	for _, s := range secrets {
		for registry, e := range entries(s) {
			if pattern := normalize(registry); fits(pattern, target) {
				found = append(found, match{pattern, e.auth()})
			}
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return len(found[i].pattern) > len(found[j].pattern) })
	var out []*runtimeapi.AuthConfig
	for _, m := range found {
		out = append(out, m.auth)
	}
	return out
}

// entries reads a Secret of either kind that holds credentials.
func entries(s *corev1.Secret) map[string]entry {
	var modern struct {
		Auths map[string]entry `json:"auths"`
	}
	if b, ok := s.Data[corev1.DockerConfigJsonKey]; ok && json.Unmarshal(b, &modern) == nil {
		return modern.Auths
	}
	var old map[string]entry
	if b, ok := s.Data[corev1.DockerConfigKey]; ok && json.Unmarshal(b, &old) == nil {
		return old
	}
	return nil
}

// normalize makes "https://Registry/v1/" into "registry".
func normalize(registry string) string {
	if !strings.Contains(registry, "://") {
		registry = "https://" + registry
	}
	u, err := url.Parse(registry)
	if err != nil {
		return ""
	}
	p := strings.TrimSuffix(u.Path, "/")
	if p == "/v1" || p == "/v2" {
		p = ""
	}
	host := strings.ToLower(u.Host)
	if host == defaultRegistry || host == "registry-1.docker.io" {
		host = "docker.io"
	}
	return host + p
}

// fits matches a registry, whose host may hold * for parts of a name, with an
// image.
func fits(pattern, target string) bool {
	host, prefix, _ := strings.Cut(pattern, "/")
	targetHost, targetPath, _ := strings.Cut(target, "/")
	if host == "" || strings.Count(host, ".") != strings.Count(targetHost, ".") {
		return false
	}
	parts, want := strings.Split(targetHost, "."), strings.Split(host, ".")
	for i := range want {
		if ok, err := path.Match(want[i], parts[i]); err != nil || !ok {
			return false
		}
	}
	return strings.HasPrefix(targetPath, prefix)
}

// auth is the entry as the runtime takes it. It names no server: the runtime
// would keep the credentials from any other, and so from a mirror of this one.
func (e entry) auth() *runtimeapi.AuthConfig {
	a := &runtimeapi.AuthConfig{Username: e.Username, Password: e.Password, IdentityToken: e.IdentityToken,
		RegistryToken: e.RegistryToken}
	if b, err := base64.StdEncoding.DecodeString(e.Auth); err == nil && e.Auth != "" {
		if user, password, ok := strings.Cut(strings.TrimRight(string(b), "\x00"), ":"); ok {
			a.Username, a.Password = user, password
		}
	}
	return a
}
