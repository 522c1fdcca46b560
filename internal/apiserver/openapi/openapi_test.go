package openapi

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	openapi_v3 "github.com/google/gnostic-models/openapiv3"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kubectl/pkg/util/openapi"

	"skiff/internal/api"
	"skiff/internal/api/catalogue"
)

func server(t testing.TB) *httptest.Server {
	s := httptest.NewServer(Handler(catalogue.All))
	t.Cleanup(s.Close)
	return s
}

func get(t testing.TB, s *httptest.Server, path string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, body
}

func appsV1(t testing.TB, s *httptest.Server) *spec3.OpenAPI {
	t.Helper()
	_, body := get(t, s, "/openapi/v3/apis/apps/v1")
	var d spec3.OpenAPI
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

func TestVersion3(t *testing.T) {
	d := appsV1(t, server(t))
	deployment := d.Components.Schemas["io.k8s.api.apps.v1.Deployment"]
	if deployment == nil || !strings.Contains(deployment.Description, "declarative updates") {
		t.Fatalf("no schema of Deployment: %v", deployment)
	}
	patch := d.Paths.Paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"].Patch
	if patch.OperationId != "patchAppsV1NamespacedDeployment" || patch.Extensions["x-kubernetes-action"] != "patch" {
		t.Errorf("patch: %+v", patch.OperationProps)
	}
	var query []string
	for _, p := range patch.Parameters {
		query = append(query, p.Name)
	}
	if want := []string{"dryRun", "fieldManager", "fieldValidation", "force"}; !slices.Equal(query, want) {
		t.Errorf("parameters of a patch: %v, want %v", query, want)
	}
	containers := d.Components.Schemas["io.k8s.api.core.v1.PodSpec"].Properties["containers"]
	if containers.Extensions["x-kubernetes-patch-merge-key"] != "name" || containers.Extensions["x-kubernetes-patch-strategy"] != "merge" {
		t.Errorf("containers: %v", containers.Extensions)
	}
}

// Every reference leads somewhere, in every document.
func TestReferences(t *testing.T) {
	all, err := unpack()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range documents(catalogue.All()) {
		text, err := all.document(v3, c)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Components struct{ Schemas map[string]json.RawMessage }
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		for _, ref := range refsIn(text) {
			if d.Components.Schemas[ref] == nil {
				t.Errorf("%s: no schema %s", name, ref)
			}
		}
	}
}

// Everything in the catalogue has a schema, and no operation has the name of
// another.
func TestCatalogueIsCovered(t *testing.T) {
	all, err := unpack()
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{schemas: all, options: map[string][]parameter{}}
	seen := map[string]string{}
	for _, r := range catalogue.All() {
		if all[modelOf(r.New())] == nil {
			t.Errorf("%s: no schema %q", r.GroupVersionKind, modelOf(r.New()))
		}
		for _, route := range b.routes(r) {
			for _, o := range route.operations {
				if other, taken := seen[o.id]; taken {
					t.Errorf("%s is at %s and at %s", o.id, other, route.path)
				}
				seen[o.id] = route.path
			}
		}
	}
	if b.err != nil {
		t.Error(b.err)
	}
	for _, id := range []string{
		"listCoreV1PodForAllNamespaces", "connectCoreV1PostNamespacedPodExec", "readCoreV1NamespacedPodLog",
		"createCoreV1NamespacedPodEviction", "replaceAppsV1NamespacedDeploymentScale", "replaceCoreV1NamespaceFinalize",
		"createAuthorizationV1SelfSubjectAccessReview", "watchRbacAuthorizationV1ClusterRoleList",
		"connectCoreV1GetNamespacedServiceProxyWithPath", "deleteCoreV1CollectionNamespacedConfigMap",
	} {
		if seen[id] == "" {
			t.Errorf("no operation %s", id)
		}
	}
}

// kubectl reads version 2 as protobuf and finds kinds and their fields there.
func TestVersion2AsKubectlReadsIt(t *testing.T) {
	response, body := get(t, server(t), "/openapi/v2", "Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
	if got := response.Header.Get("Content-Type"); got != "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" {
		t.Errorf("content type %s", got)
	}
	var d openapi_v2.Document
	if err := proto.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	resources, err := openapi.NewOpenAPIData(&d)
	if err != nil {
		t.Fatal(err)
	}
	for _, gvk := range []schema.GroupVersionKind{
		{Version: "v1", Kind: "Pod"}, {Group: "apps", Version: "v1", Kind: "Deployment"}, {Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"},
	} {
		if resources.LookupResource(gvk) == nil {
			t.Errorf("no %s", gvk)
		}
	}
	if got := resources.GetConsumes(schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, "PATCH"); !slices.Contains(got, "application/strategic-merge-patch+json") {
		t.Errorf("a patch of a Pod takes %v", got)
	}
}

func TestVersion3Protobuf(t *testing.T) {
	response, body := get(t, server(t), "/openapi/v3/apis/apps/v1", "Accept", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf")
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	var d openapi_v3.Document
	if err := proto.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Paths.Path) == 0 || len(d.Components.Schemas.AdditionalProperties) == 0 {
		t.Error("the document is empty")
	}
}

func TestHashesAndETags(t *testing.T) {
	s := server(t)
	_, body := get(t, s, "/openapi/v3")
	var index struct {
		Paths map[string]struct{ ServerRelativeURL string }
	}
	if err := json.Unmarshal(body, &index); err != nil {
		t.Fatal(err)
	}
	url := index.Paths["apis/apps/v1"].ServerRelativeURL
	response, _ := get(t, s, url)
	if response.StatusCode != http.StatusOK || !strings.Contains(response.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %s, %v", url, response.Status, response.Header)
	}
	if again, _ := get(t, s, url, "If-None-Match", response.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag: %s", again.Status)
	}
	for _, accept := range []string{"application/json", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"} {
		whole, _ := get(t, s, "/openapi/v2", "Accept", accept)
		for range 5 { // whatever order things are looked at in
			if again, _ := get(t, s, "/openapi/v2", "Accept", accept, "If-None-Match", whole.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
				t.Errorf("version 2 as %s with its ETag: %s", accept, again.Status)
			}
		}
	}
	if old, _ := get(t, s, "/openapi/v3/apis/apps/v1?hash=OLD"); old.StatusCode != http.StatusOK || old.Request.URL.Query().Get("hash") == "OLD" {
		t.Errorf("an old hash: %s at %s", old.Status, old.Request.URL)
	}
	if none, _ := get(t, s, "/openapi/v3/apis/none/v1"); none.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown group: %s", none.Status)
	}
	if none, _ := get(t, s, "/openapi/v2", "Accept", "image/png"); none.StatusCode != http.StatusNotAcceptable {
		t.Errorf("a picture: %s", none.Status)
	}
}

// Documents follow the resources that are served.
func TestResourcesChange(t *testing.T) {
	resources := catalogue.All()
	s := httptest.NewServer(Handler(func() []*api.Resource { return resources }))
	defer s.Close()
	before := appsV1(t, s)
	resources = slices.DeleteFunc(slices.Clone(resources), func(r *api.Resource) bool { return r.Plural == "deployments" })
	after := appsV1(t, s)
	const path = "/apis/apps/v1/deployments"
	if before.Paths.Paths[path] == nil || after.Paths.Paths[path] != nil {
		t.Errorf("before %v, after %v", before.Paths.Paths[path], after.Paths.Paths[path])
	}
}

func TestDocumentsTravelCompressed(t *testing.T) {
	_, plain := get(t, server(t), "/openapi/v3/apis/apps/v1", "Accept-Encoding", "identity")
	response, packed := get(t, server(t), "/openapi/v3/apis/apps/v1", "Accept-Encoding", "gzip")
	if response.Header.Get("Content-Encoding") != "gzip" || len(packed)*4 > len(plain) {
		t.Errorf("%d bytes for %d", len(packed), len(plain))
	}
	z, err := gzip.NewReader(strings.NewReader(string(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(z); err != nil || string(body) != string(plain) {
		t.Errorf("the documents differ: %v", err)
	}
}

func BenchmarkBuild(b *testing.B) {
	core, all := documents(catalogue.All())["api/v1"], everything(catalogue.All())
	for _, c := range []struct {
		name     string
		version  version
		contents contents
		build    func(version, contents) ([]byte, error)
	}{
		{"v3-core-json", v3, core, document},
		{"v3-core-protobuf", v3, core, protobuf},
		{"v2-json", v2, all, document},
		{"v2-protobuf", v2, all, protobuf},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text, err := c.build(c.version, c.contents)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(text)), "bytes")
			}
		})
	}
}
