package apiserver_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
)

// breaking adds a path whose answers are broken off.
func breaking(c *apiserver.Config) {
	c.Paths["/broken"] = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

func makeAPIService(t *testing.T, c kubernetes.Interface, name, spec string) {
	t.Helper()
	body := fmt.Sprintf(`{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":%q},"spec":%s}`, name, spec)
	if err := c.CoreV1().RESTClient().Post().AbsPath("/apis/apiregistration.k8s.io/v1/apiservices").Body([]byte(body)).Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
}

// expiring asks with a certificate that ends after so long.
func expiring(t *testing.T, h http.Handler, path string, after time.Duration) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{NotAfter: time.Now().Add(after)}}}
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// The names that dashboards ask for, with the labels that they sum by.
func TestMetricsOfDashboards(t *testing.T) {
	s, ctx := apitest.Start(t, breaking), t.Context()
	c := kubernetes.NewForConfigOrDie(s.Listen("admin", "system:masters"))
	makeAPIService(t, c, "v1.example.com", `{"group":"example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1,"insecureSkipTLSVerify":true,"service":{"namespace":"default","name":"none"}}`)
	makeAPIService(t, c, "v2.example.com", `{"group":"example.com","version":"v2","groupPriorityMinimum":1,"versionPriority":1}`)
	expiring(t, s.Handler(), "/version", 90*time.Minute)
	if err := c.CoreV1().RESTClient().Get().AbsPath("/broken").Do(ctx).Error(); err == nil {
		t.Fatal("an answer that was broken off came whole")
	}
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
		`apiserver_admission_step_admission_duration_seconds_count{operation="CREATE",rejected="false",type="admit"} 4`,
		`authentication_attempts{result="success"}`, `authenticated_user_requests{username="admin"}`, `authorization_attempts_total{result="allowed"}`,
		`authentication_duration_seconds_count{result="success"}`, `authorization_duration_seconds_count{result="allowed"}`,
		`git_version="v1.37.2+skiff"`,
		`etcd_requests_total{group="",operation="create",resource="configmaps"} 2`,
		`etcd_request_duration_seconds_count{group="",operation="create",resource="configmaps"} 2`,
		`aggregator_unavailable_apiservice{name="v1.example.com"} 1`, `aggregator_unavailable_apiservice{name="v2.example.com"} 0`,
		`apiserver_client_certificate_expiration_seconds_bucket{le="3600"} 0`, `apiserver_client_certificate_expiration_seconds_bucket{le="7200"} 1`,
		`apiserver_request_aborts_total{group="",resource="",scope="",subresource="/broken",verb="GET",version=""} 1`,
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
