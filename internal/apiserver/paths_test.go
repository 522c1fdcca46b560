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

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
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
		"/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "apiserver.test", "/debug/pprof/heap?debug=1": "heap profile", "/metrics": "apiserver_request_total",
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

// The names that dashboards ask for, with the labels that they sum by.
func TestMetricsOfDashboards(t *testing.T) {
	s, ctx := apitest.Start(t), t.Context()
	c := kubernetes.NewForConfigOrDie(s.Listen("admin", "system:masters"))
	w, err := c.CoreV1().ConfigMaps("default").Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	for _, name := range []string{"a", "b"} {
		if _, err := c.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		<-w.ResultChan()
	}
	if _, err := c.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="configmaps",scope="namespace",subresource="",verb="POST",version="v1"} 2`,
		`apiserver_request_duration_seconds_count{component="apiserver",dry_run="",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"} 1`,
		`apiserver_request_sli_duration_seconds_bucket{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1",le="60"} 1`,
		`apiserver_response_sizes_count{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"} 1`,
		`apiserver_longrunning_requests{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="WATCH",version="v1"} 1`,
		`apiserver_watch_events_total{group="",resource="configmaps",version="v1"}`,
		`apiserver_watch_events_sizes_count{group="",resource="configmaps",version="v1"}`,
		`apiserver_current_inflight_requests{request_kind="mutating"} 0`,
		`apiserver_resource_objects{group="",resource="configmaps"} 2`, `apiserver_storage_objects{resource="deployments.apps"} 0`,
		`apiserver_admission_step_admission_duration_seconds_count{operation="CREATE",rejected="false",type="admit"} 2`,
		`authentication_attempts{result="success"}`, `authenticated_user_requests{username="admin"}`, `authorization_attempts_total{result="allowed"}`,
		`authentication_duration_seconds_count{result="success"}`, `authorization_duration_seconds_count{result="allowed"}`,
		`git_version="v1.37.2+skiff"`,
	}
	apitest.Eventually(t, "the metrics say it", func(ctx context.Context) bool {
		text, err := c.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for len(want) > 0 && strings.Contains(string(text), want[0]) {
			want = want[1:]
		}
		if len(want) > 0 {
			t.Logf("without %s", want[0])
		}
		return len(want) == 0
	})
}
