package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"skiff/internal/kubelet/stream"
)

// node answers each question with what it was asked.
type node struct{ Node }

func (node) Pods() []*corev1.Pod { return nil }
func (node) Healthy() error      { return nil }
func (node) Metrics() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "metrics") })
}
func (node) Summary(context.Context) (any, error) { return map[string]string{"node": "n"}, nil }

func (node) Log(_ context.Context, ns, pod, container string, o *corev1.PodLogOptions, out io.Writer, _ func()) error {
	if container == "none" {
		return NotFound("container %q is not valid for pod %q", container, pod)
	}
	tail := "all"
	if o.TailLines != nil {
		tail = string(rune('0' + *o.TailLines))
	}
	_, err := io.WriteString(out, strings.Join([]string{ns, pod, container, tail}, "/"))
	return err
}

func (node) Exec(_ context.Context, _, _, _ string, _ []string, _ stream.Options) (*url.URL, error) {
	return nil, NotFound("no container")
}

// asks makes a request as somebody; name "" is nobody, "token:x" a bearer.
func asks(h http.Handler, method, path, name string, groups ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	if token, ok := strings.CutPrefix(name, "token:"); ok {
		r.Header.Set("Authorization", "Bearer "+token)
	} else if name != "" {
		cert := &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: groups}}
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// api lets "scraper" read metrics, and knows one token, which is scraper's.
func api() *fake.Clientset {
	c := fake.NewClientset()
	c.PrependReactor("create", "tokenreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
		tr := a.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview)
		tr.Status.Authenticated = tr.Spec.Token == "good"
		tr.Status.User.Username = "scraper"
		return true, tr, nil
	})
	c.PrependReactor("create", "subjectaccessreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
		r := a.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
		at := r.Spec.ResourceAttributes
		r.Status.Allowed = r.Spec.User == "scraper" && at.Resource == "nodes" && at.Subresource == "metrics" && at.Name == "n" && at.Verb == "get"
		return true, r, nil
	})
	return c
}

func TestAccess(t *testing.T) {
	h := Handler(node{}, &Access{Client: api(), Node: "n"})
	for _, c := range []struct {
		method, path, user string
		groups             []string
		want               int
	}{
		{"GET", "/pods", "", nil, 401},
		{"GET", "/pods", "token:bad", nil, 401},
		{"GET", "/pods", "kube-apiserver-kubelet-client", nil, 200},
		{"GET", "/pods", "anyone", []string{"system:masters"}, 200},
		{"GET", "/pods", "anyone", []string{"kubeadm:cluster-admins"}, 200},
		{"GET", "/pods", "anyone", []string{"system:nodes"}, 403},
		{"GET", "/metrics", "token:good", nil, 200},
		{"GET", "/metrics", "scraper", nil, 200},
		{"GET", "/pods", "token:good", nil, 403},
		{"POST", "/exec/ns/p/c?command=x&output=1", "scraper", nil, 403},
		{"POST", "/exec/ns/p/c?command=x&output=1", "kube-apiserver-kubelet-client", nil, 404},
		{"POST", "/exec/ns/p/uid/c?command=x", "kube-apiserver-kubelet-client", nil, 400},
	} {
		if got := asks(h, c.method, c.path, c.user, c.groups...).Code; got != c.want {
			t.Errorf("%s %s as %q %v: %d, want %d", c.method, c.path, c.user, c.groups, got, c.want)
		}
	}
}

func TestDecisionsAreRemembered(t *testing.T) {
	client := api()
	h := Handler(node{}, &Access{Client: client, Node: "n"})
	for range 3 {
		asks(h, "GET", "/metrics", "token:good")
	}
	if got := len(client.Actions()); got != 2 {
		t.Errorf("%d questions to the API, want 2", got)
	}
}

func TestAnswers(t *testing.T) {
	h := Handler(node{}, &Access{})
	for path, want := range map[string]string{
		"/healthz":                               "200 ok",
		"/containerLogs/ns/p/c":                  "200 ns/p/c/all",
		"/containerLogs/ns/p/c?tailLines=5":      "200 ns/p/c/5",
		"/containerLogs/ns/p/c?tailLines=x":      `400 tailLines "x" must be a number, 0 or greater`,
		"/containerLogs/ns/p/c?sinceTime=monday": `400 sinceTime "monday" is not a time of RFC 3339`,
		"/containerLogs/ns/p/none":               `404 container "none" is not valid for pod "p"`,
		"/stats/summary":                         `200 {"node":"n"}`,
		"/pods":                                  `200 {"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}`,
		"/nothing":                               "404 404 page not found",
	} {
		w := asks(h, "GET", path, "kube-apiserver-kubelet-client")
		if got := http.StatusText(w.Code); got == "" {
			t.Errorf("%s: status %d", path, w.Code)
		}
		if got := strings.TrimSpace(itoa(w.Code) + " " + w.Body.String()); got != want {
			t.Errorf("%s:\n got %s\nwant %s", path, got, want)
		}
	}
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}
