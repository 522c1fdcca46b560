package apiserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"skiff/internal/apiserver/apitest"
)

func makeConfigMaps(t *testing.T, config *rest.Config, n int) {
	t.Helper()
	c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
	for i := range n {
		_, err := c.Create(t.Context(), &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("c%02d", i), Labels: map[string]string{"odd": strconv.FormatBool(i%2 == 1)}},
			Data:       map[string]string{"text": "a <b> & \"c\"\nd: e\n"},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// raw asks for a path with an Accept header.
func raw(t *testing.T, config *rest.Config, path, accept string) (*http.Response, string) {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", config.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestListIsTheSameInAllEncodings(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 5)
	var want *corev1.ConfigMapList
	for name, config := range configs(s) {
		got, err := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(name, err)
		}
		if len(got.Items) != 5 || got.ResourceVersion == "" {
			t.Fatalf("%s: %d items at %q", name, len(got.Items), got.ResourceVersion)
		}
		if want == nil {
			want = got
		}
		if !equality.Semantic.DeepEqual(want, got) {
			t.Errorf("%s differs:\n%+v\n%+v", name, got, want)
		}
	}
	for _, query := range []string{"", "?pretty=true"} {
		for _, accept := range []string{"application/json", "application/yaml"} {
			_, body := raw(t, s.Admin(), "/api/v1/namespaces/default/configmaps"+query, accept)
			got := &corev1.ConfigMapList{}
			if err := yaml.UnmarshalStrict([]byte(body), got); err != nil {
				t.Fatalf("%s%s: %v\n%s", accept, query, err, body)
			}
			if got.Kind != "ConfigMapList" || got.APIVersion != "v1" {
				t.Errorf("%s%s is a %s %s", accept, query, got.APIVersion, got.Kind)
			}
			got.TypeMeta = want.TypeMeta
			if !equality.Semantic.DeepEqual(want, got) {
				t.Errorf("%s%s differs:\n%s", accept, query, body)
			}
		}
	}
	for _, accept := range []string{"application/json", "application/yaml"} {
		_, body := raw(t, s.Admin(), "/api/v1/namespaces/none/configmaps?pretty=1", accept)
		if err := yaml.UnmarshalStrict([]byte(body), &corev1.ConfigMapList{}); err != nil {
			t.Errorf("empty list as %s: %v\n%s", accept, err, body)
		}
	}
}

func TestListSelects(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 5)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1()
	tests := []struct {
		options metav1.ListOptions
		want    int
	}{
		{metav1.ListOptions{LabelSelector: "odd=true"}, 2},
		{metav1.ListOptions{LabelSelector: "odd notin (true)"}, 3},
		{metav1.ListOptions{FieldSelector: "metadata.name=c03"}, 1},
		{metav1.ListOptions{FieldSelector: "metadata.name!=c03"}, 4},
		{metav1.ListOptions{FieldSelector: "metadata.namespace=default", LabelSelector: "odd"}, 5},
		{metav1.ListOptions{FieldSelector: "metadata.name=none"}, 0},
	}
	for _, tt := range tests {
		l, err := c.ConfigMaps("").List(t.Context(), tt.options)
		if err != nil || len(l.Items) != tt.want {
			t.Errorf("%+v: %d items, %v; want %d", tt.options, len(l.Items), err, tt.want)
		}
	}
	_, err := c.ConfigMaps("").List(t.Context(), metav1.ListOptions{FieldSelector: "data.text=x"})
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), `"data.text" is not a known field selector: only "metadata.name", "metadata.namespace"`) {
		t.Errorf("unknown field: %v", err)
	}
	_, err = c.Pods("").List(t.Context(), metav1.ListOptions{FieldSelector: "spec.foo=x"})
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "field label not supported: spec.foo") {
		t.Errorf("unknown field of a pod: %v", err)
	}
	_, err = c.ConfigMaps("").List(t.Context(), metav1.ListOptions{LabelSelector: "a in"})
	if !apierrors.IsBadRequest(err) {
		t.Errorf("bad label selector: %v", err)
	}
}

func TestListPages(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 7)
	for name, config := range configs(s) {
		t.Run(name, func(t *testing.T) {
			c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("")
			var names []string
			o := metav1.ListOptions{Limit: 3}
			first := ""
			for pages := 1; ; pages++ {
				l, err := c.List(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				if first == "" {
					first = l.ResourceVersion
				}
				if l.ResourceVersion != first {
					t.Errorf("page %d is of revision %s, the first of %s", pages, l.ResourceVersion, first)
				}
				for _, i := range l.Items {
					names = append(names, i.Name)
				}
				rest := l.RemainingItemCount
				if want := int64(7 - len(names)); (want > 0) != (rest != nil) || rest != nil && *rest != want {
					t.Errorf("page %d: remaining %v, want %d", pages, rest, want)
				}
				if o.Continue = l.Continue; o.Continue == "" {
					break
				}
				// What is made between the pages is not in them.
				if _, err := c.List(t.Context(), metav1.ListOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			if len(names) != 7 || !slices.IsSorted(names) {
				t.Errorf("pages have %v", names)
			}
		})
	}
	_, err := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("").List(t.Context(), metav1.ListOptions{Limit: 3, Continue: "nonsense"})
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "continue key is not valid") {
		t.Errorf("nonsense token: %v", err)
	}
}

func TestListRevisions(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 3)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	before, err := c.List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), "c00", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		options metav1.ListOptions
		want    int
	}{
		{metav1.ListOptions{}, 2},
		{metav1.ListOptions{ResourceVersion: before.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchExact}, 3},
		{metav1.ListOptions{ResourceVersion: before.ResourceVersion, Limit: 5}, 3},
		{metav1.ListOptions{ResourceVersion: before.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}, 2},
	}
	for _, tt := range tests {
		l, err := c.List(t.Context(), tt.options)
		if err != nil || len(l.Items) != tt.want {
			t.Errorf("%+v: %d items, %v; want %d", tt.options, len(l.Items), err, tt.want)
		}
	}
	_, err = c.List(t.Context(), metav1.ListOptions{ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "resourceVersionMatch is forbidden unless resourceVersion is provided") {
		t.Errorf("match without a version: %v", err)
	}
	_, err = c.List(t.Context(), metav1.ListOptions{ResourceVersion: "x"})
	if !apierrors.IsInvalid(err) {
		t.Errorf("version x: %v", err)
	}
}

func TestMetadataAlone(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 3)
	gvr := corev1.SchemeGroupVersion.WithResource("configmaps")
	for name, config := range configs(s) {
		t.Run(name, func(t *testing.T) {
			m := metadata.NewForConfigOrDie(config).Resource(gvr).Namespace("default")
			l, err := m.List(t.Context(), metav1.ListOptions{Limit: 2})
			if err != nil || len(l.Items) != 2 || l.Items[1].Name != "c01" || l.Items[1].Labels["odd"] != "true" || l.Continue == "" {
				t.Errorf("%+v, %v", l, err)
			}
			one, err := m.Get(t.Context(), "c02", metav1.GetOptions{})
			if err != nil || one.Name != "c02" || one.UID == "" || one.ResourceVersion == "" || len(one.ManagedFields) == 0 {
				t.Errorf("%+v, %v", one, err)
			}
		})
	}
	resp, body := raw(t, s.Admin(), "/api/v1/configmaps", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
	if !strings.HasPrefix(body, `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1"`) || strings.Contains(body, `"data"`) {
		t.Errorf("%s: %s", resp.Status, body)
	}
}

func TestTables(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 3)
	const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	for _, tt := range []struct{ query, object string }{
		{"", "PartialObjectMetadata"}, {"?includeObject=Object", "ConfigMap"}, {"?includeObject=None", ""},
	} {
		_, body := raw(t, s.Admin(), "/api/v1/namespaces/default/configmaps"+tt.query, accept)
		var table metav1.Table
		if err := json.Unmarshal([]byte(body), &table); err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		if table.Kind != "Table" || len(table.Rows) != 3 || len(table.ColumnDefinitions) != len(table.Rows[0].Cells) || table.Rows[1].Cells[0] != "c01" {
			t.Errorf("%s", body)
		}
		var object metav1.TypeMeta
		_ = json.Unmarshal(table.Rows[0].Object.Raw, &object)
		if object.Kind != tt.object {
			t.Errorf("includeObject %q gives %q", tt.query, object.Kind)
		}
	}
	_, body := raw(t, s.Admin(), "/api/v1/namespaces/default/configmaps/c01", accept)
	var table metav1.Table
	if err := json.Unmarshal([]byte(body), &table); err != nil || len(table.Rows) != 1 || table.ResourceVersion == "" {
		t.Errorf("%v\n%s", err, body)
	}
	_, body = raw(t, s.Admin(), "/api/v1/namespaces/default/configmaps", "application/yaml;as=Table;v=v1;g=meta.k8s.io")
	table = metav1.Table{}
	if err := yaml.UnmarshalStrict([]byte(body), &table); err != nil || len(table.Rows) != 3 {
		t.Errorf("%v\n%s", err, body)
	}
	resp, body := raw(t, s.Admin(), "/api/v1/configmaps", "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io")
	if resp.StatusCode != http.StatusNotAcceptable || !strings.Contains(body, "only the following media types are accepted") {
		t.Errorf("%s: %s", resp.Status, body)
	}
}

func TestLargeListsAreCompressed(t *testing.T) {
	s := apitest.Start(t)
	config := s.Listen("admin")
	c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
	for i := range 3 {
		big := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint(i)}, Data: map[string]string{"x": strings.Repeat("word ", 20000)}}
		if _, err := c.Create(t.Context(), big, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	resp, body := raw(t, config, "/api/v1/configmaps", "")
	if !resp.Uncompressed || resp.Proto != "HTTP/2.0" || len(body) < 300000 {
		t.Errorf("%s, compressed %v, %d bytes", resp.Proto, resp.Uncompressed, len(body))
	}
	l, err := c.List(t.Context(), metav1.ListOptions{})
	if err != nil || len(l.Items) != 3 || len(l.Items[2].Data["x"]) != 100000 {
		t.Errorf("%v", err)
	}
	resp, _ = raw(t, config, "/api/v1/configmaps?limit=1", "")
	if resp.Uncompressed {
		t.Error("a short list is compressed")
	}
	huge := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "huge"}, Data: map[string]string{"x": strings.Repeat("word ", 40000)}}
	if made, err := c.Create(t.Context(), huge, metav1.CreateOptions{}); err != nil || len(made.Data["x"]) != 200000 {
		t.Errorf("%v", err)
	}
	resp, body = raw(t, config, "/api/v1/namespaces/default/configmaps/huge", "")
	if !resp.Uncompressed || len(body) < 200000 || !strings.HasSuffix(body, "}\n") {
		t.Errorf("a large object: compressed %v, %d bytes", resp.Uncompressed, len(body))
	}
	if resp, _ = raw(t, config, "/api/v1/namespaces/default/configmaps/0", ""); resp.Uncompressed {
		t.Error("a small object is compressed")
	}
}

// A list in YAML, sent item by item, is to the byte what the library makes of
// the whole list.
func TestYAMLListIsTheLibrarys(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 3)
	for _, path := range []string{"/api/v1/configmaps", "/api/v1/configmaps?limit=1", "/api/v1/namespaces/none/configmaps", "/apis/rbac.authorization.k8s.io/v1/clusterroles"} {
		for _, as := range []string{"", ";as=Table;g=meta.k8s.io;v=v1", ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"} {
			inJSON, got := "", ""
			for again := "-"; again != inJSON; { // ages in tables may have changed in between
				_, inJSON = raw(t, s.Admin(), path, "application/json"+as)
				_, got = raw(t, s.Admin(), path, "application/yaml"+as)
				_, again = raw(t, s.Admin(), path, "application/json"+as)
			}
			if want, err := yaml.JSONToYAML([]byte(inJSON)); err != nil || got != string(want) {
				t.Errorf("%s%s, %v:\n%s\nwant:\n%s", path, as, err, got, want)
			}
		}
	}
}
