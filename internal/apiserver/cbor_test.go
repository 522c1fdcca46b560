package apiserver_test

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/features"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"skiff/internal/apiserver/apitest"
)

// Clients that ask for CBOR get it; client-go turns such a wish into one for
// JSON unless this gate is open.
func init() {
	gates := features.FeatureGates().(interface {
		Set(features.Feature, bool) error
	})
	if err := gates.Set(features.ClientsAllowCBOR, true); err != nil {
		panic(err)
	}
}

const cborType = "application/cbor"

func cborConfig(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.ContentType, config.AcceptContentTypes = cborType, cborType
	return config
}

// send sends a body and returns the answer with its body.
func send(t *testing.T, config *rest.Config, method, path, contentType, accept string, body []byte) (*http.Response, []byte) {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, config.Host+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Content-Type", contentType)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, out
}

// Every shape of an answer says in CBOR what it says in JSON.
func TestCBORSaysWhatJSONSays(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 30)
	for _, path := range []string{
		"/api/v1/configmaps", "/api/v1/configmaps?limit=2", "/api/v1/namespaces/none/configmaps", "/api/v1/namespaces/default/configmaps/c01",
		"/api/v1/namespaces/default/configmaps/none", "/api/v1/configmaps?labelSelector=(", "/apis/apps/v1",
	} {
		for _, as := range []string{"", ";as=Table;g=meta.k8s.io;v=v1", ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"} {
			ask := func(kind string) (*http.Response, []byte) {
				return send(t, s.Admin(), "GET", path, "", kind+as+","+kind, nil)
			}
			inJSON, text := ask("application/json")
			inCBOR, data := ask(cborType)
			for _, again := ask("application/json"); !bytes.Equal(text, again); _, again = ask("application/json") {
				text = again // ages in tables have changed in between
				inCBOR, data = ask(cborType)
			}
			if inJSON.StatusCode != inCBOR.StatusCode || inCBOR.Header.Get("Content-Type") != cborType || !bytes.HasPrefix(data, []byte{0xd9, 0xd9, 0xf7}) {
				t.Errorf("%s%s: %s and %s, %.20x", path, as, inJSON.Status, inCBOR.Status, data)
			}
			var want, got any
			if err := yaml.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if err := direct.Unmarshal(data, &got); err != nil {
				t.Fatalf("%s%s: %v", path, as, err)
			}
			wholes(got)
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%s%s:\n%v\n%v", path, as, got, want)
			}
		}
	}
}

// wholes makes whole numbers what encoding/json makes of them.
func wholes(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			if n, ok := one.(int64); ok {
				v[k] = float64(n)
			}
			wholes(one)
		}
	case []any:
		for i, one := range v {
			if n, ok := one.(int64); ok {
				v[i] = float64(n)
			}
			wholes(one)
		}
	}
}

func TestCBORBodies(t *testing.T) {
	s := apitest.Start(t)
	const path = "/api/v1/namespaces/default/secrets"
	made := map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "a"}, "data": map[string]any{"x": []byte("bytes")}, "unknown": true}
	body, err := direct.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	resp, answer := send(t, s.Admin(), "POST", path+"?fieldValidation=Strict", cborType, "application/json", body)
	if resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(answer), "strict decoding error") {
		t.Errorf("an unknown field: %s %s", resp.Status, answer)
	}
	resp, answer = send(t, s.Admin(), "POST", path, cborType, "application/json", body)
	if resp.StatusCode != http.StatusCreated || resp.Header.Get("Warning") == "" || !strings.Contains(string(answer), `"x":"Ynl0ZXM="`) {
		t.Errorf("create: %s %v %s", resp.Status, resp.Header, answer)
	}
	resp, answer = send(t, s.Admin(), "POST", path, cborType, "application/json", body[:10])
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("damaged: %s %s", resp.Status, answer)
	}
	body, _ = direct.Marshal(map[string]any{"preconditions": map[string]any{"uid": "other"}})
	if resp, answer = send(t, s.Admin(), "DELETE", path+"/a", cborType, "application/json", body); resp.StatusCode != http.StatusConflict {
		t.Errorf("delete: %s %s", resp.Status, answer)
	}
	resp, answer = send(t, s.Admin(), "PATCH", path+"/a", "application/merge-patch+cbor", "application/json", body)
	if resp.StatusCode != http.StatusUnsupportedMediaType || !strings.Contains(string(answer), "application/apply-patch+cbor") {
		t.Errorf("an unknown patch: %s %s", resp.Status, answer)
	}
}

func TestApplyCBOR(t *testing.T) {
	s := apitest.Start(t)
	secrets := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Secrets("default")
	for _, value := range []string{"one", "two"} {
		body, err := direct.Marshal(map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "a"}, "data": map[string]any{"x": []byte(value)}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := secrets.Patch(t.Context(), "a", types.ApplyCBORPatchType, body, metav1.PatchOptions{FieldManager: "me"})
		if err != nil || string(got.Data["x"]) != value || len(got.ManagedFields) != 1 || got.ManagedFields[0].Operation != "Apply" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	_, err := secrets.Patch(t.Context(), "a", types.ApplyCBORPatchType, []byte{0x61}, metav1.PatchOptions{FieldManager: "me"})
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "error decoding CBOR") {
		t.Errorf("damaged: %v", err)
	}
}

// The dynamic client knows no types: all it learns stands in the bytes.
func TestDynamicClientSpeaksCBOR(t *testing.T) {
	s := apitest.Start(t)
	for name, config := range map[string]*rest.Config{"inprocess": s.Admin(), "tls": s.Listen("admin", "system:masters")} {
		t.Run(name, func(t *testing.T) {
			c := dynamic.NewForConfigOrDie(cborConfig(config)).Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace("default")
			w, err := c.Watch(t.Context(), metav1.ListOptions{LabelSelector: "by=" + name})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Stop()
			obj := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"a": "b"},
				"metadata": map[string]any{"name": name, "labels": map[string]any{"by": name}},
			}}
			made, err := c.Create(t.Context(), obj, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if ev := <-w.ResultChan(); ev.Type != watch.Added || !reflect.DeepEqual(ev.Object, made) {
				t.Errorf("%v %v, want %v", ev.Type, ev.Object, made)
			}
			if err := c.Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			if ev := <-w.ResultChan(); ev.Type != watch.Deleted {
				t.Errorf("%v", ev)
			}
		})
	}
}

func TestWatchInCBORIsASequence(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 2)
	resp, data := send(t, s.Admin(), "GET", "/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1", "", cborType, nil)
	if got := resp.Header.Get("Content-Type"); got != "application/cbor-seq" {
		t.Errorf("Content-Type is %s", got)
	}
	if bytes.Count(data, []byte("\x44typeEADDED\x46object\xd9\xd9\xf7")) != 2 {
		t.Errorf("%q", data)
	}
}
