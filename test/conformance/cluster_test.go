package conformance

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"skiff/internal/apiserver/apitest/cluster"
	"skiff/internal/pki"
)

// admin is a server that listens, and its administrator.
type admin struct {
	*cluster.Server
	config *rest.Config
	kube   *kubernetes.Clientset
	http   *http.Client
}

func start(t *testing.T) *admin {
	t.Helper()
	s := cluster.Start(t)
	config := s.Listen(t, pki.AdminUser, pki.MastersGroup)
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return &admin{Server: s, config: config, kube: kubernetes.NewForConfigOrDie(config), http: client}
}

// plain is the same over HTTP/1.1, which can be upgraded.
func (a *admin) plain() *admin {
	config := rest.CopyConfig(a.config)
	config.NextProtos = []string{"http/1.1"}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		panic(err) // the same certificates made a client before
	}
	return &admin{Server: a.Server, config: config, kube: a.kube, http: client}
}

// do sends a request; whoever gets the response closes its body.
func (a *admin) do(t *testing.T, method, path string, body []byte, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.config.Host+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := a.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// call sends a request and reads all of the answer.
func (a *admin) call(t *testing.T, method, path string, body []byte, header ...string) (code int, answer string) {
	t.Helper()
	response := a.do(t, method, path, body, header...)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, string(text)
}

// namespace makes a namespace with the service account that pods need.
func (a *admin) namespace(t *testing.T, name string) string {
	t.Helper()
	_, err := a.kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	need(t, err)
	_, err = a.kube.CoreV1().ServiceAccounts(name).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		need(t, err)
	}
	return name
}

// need ends a test that cannot go on.
func need(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// objects are those of testdata/objects.yaml, by "apiVersion kind".
func objects(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile("testdata/objects.yaml")
	need(t, err)
	all := map[string]*unstructured.Unstructured{}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		data, err := yaml.YAMLToJSON([]byte(document))
		need(t, err)
		o := &unstructured.Unstructured{}
		need(t, o.UnmarshalJSON(data))
		all[o.GetAPIVersion()+" "+o.GetKind()] = o
	}
	return all
}
