package apiserver_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/authz"
)

// onlyMasters allows nobody else anything.
type onlyMasters struct{}

func (onlyMasters) Authorize(_ context.Context, a authz.Attributes) (authz.Decision, string, error) {
	if slices.Contains(a.User.Groups, "system:masters") {
		return authz.Allow, "", nil
	}
	return authz.NoOpinion, "", nil
}

// fetch gets a path over TLS.
func fetch(t *testing.T, config *rest.Config, path string) (int, string) {
	t.Helper()
	c, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Get(config.Host + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestLogsAndProfilesAreForThoseWhoMay(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	for file, text := range map[string]string{filepath.Join(dir, "skiff.log"): "one line\n", secret: "secret"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(secret, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	s := apitest.Start(t, apitest.WithAuthorizer(onlyMasters{}), func(c *apiserver.Config) { c.LogDir = dir })
	admin, eve := s.Listen("admin", "system:masters"), s.Listen("eve")
	for path, want := range map[string]string{
		"/logs/": `<a href="skiff.log">skiff.log</a>`, "/logs": "skiff.log", "/logs/skiff.log": "one line\n",
		"/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "apiserver.test", "/debug/pprof/heap?debug=1": "heap profile", "/metrics": "apiserver_current_inflight_requests",
	} {
		if code, body := fetch(t, admin, path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.200s; want %q", path, code, body, want)
		}
		if code, body := fetch(t, eve, path); code != http.StatusForbidden || !strings.Contains(body, `User \"eve\" cannot get path`) {
			t.Errorf("%s for one who may not: %d %.200s", path, code, body)
		}
	}
	for _, path := range []string{"/logs/none", "/logs/out", "/logs/%2e%2e/secret", "/logs/../secret"} {
		if code, body := fetch(t, admin, path); code < 400 || strings.Contains(body, "secret\n") {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
}

// Old clients learn from /api where the server is.
func TestPublicAddress(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:6443": `"serverAddressByClientCIDRs":[{"clientCIDR":"0.0.0.0/0","serverAddress":"192.0.2.7:6443"}]`,
		"":               `"serverAddressByClientCIDRs":[]`,
	} {
		s := apitest.Start(t, func(c *apiserver.Config) { c.PublicAddress = address })
		if _, body := fetch(t, s.Listen("admin", "system:masters"), "/api"); !strings.Contains(strings.Join(strings.Fields(body), ""), want) {
			t.Errorf("%q: %s, want %s", address, body, want)
		}
	}
}
