package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"

	clientv3 "go.etcd.io/etcd/client/v3"

	"skiff/internal/api"
)

var protoScheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	_ = corev1.AddToScheme(s)
	return s
}()

// upstream is how Kubernetes itself encodes an object.
func upstream(t testing.TB, obj runtime.Object) []byte {
	t.Helper()
	s := protobuf.NewSerializer(protoScheme, protoScheme)
	return must[[]byte](t)(runtime.Encode(serializer.NewCodecFactory(protoScheme).EncoderForVersion(s, corev1.SchemeGroupVersion), obj))
}

// The value for etcd and the bytes for clients must be, byte for byte, what
// Kubernetes writes, whatever is in the object.
func TestBytesAreKubernetesOwn(t *testing.T) {
	c := newCodec(podsResource())
	fuzz := fuzzer.FuzzerFor(metafuzzer.Funcs, rand.NewSource(1), serializer.NewCodecFactory(protoScheme))
	for i := range 200 {
		p := &corev1.Pod{}
		fuzz.Fill(p)
		p.SelfLink = ""
		p.Name, p.Namespace = fmt.Sprintf("name-%d", i), "ns"
		d := must[*draft](t)(c.draft(p))

		p.ResourceVersion = ""
		if !bytes.Equal(d.value, upstream(t, p)) {
			t.Fatalf("value of %d differs", i)
		}
		made := must[*item](t)(d.item(int64(i+1) << (i % 40)))
		p.ResourceVersion = fmt.Sprint(made.revision)
		if !bytes.Equal(made.Proto(), upstream(t, p)) {
			t.Fatalf("wire bytes of %d differ", i)
		}
		read := must[*item](t)(c.item(d.key, d.value, made.revision))
		if !bytes.Equal(read.wire, made.wire) || read.Labels().String() != made.Labels().String() || read.Fields().String() != made.Fields().String() {
			t.Fatalf("what is read back of %d differs", i)
		}
	}
}

func FuzzDamagedValues(f *testing.F) {
	c := newCodec(podsResource())
	f.Add(upstream(f, pod("ns", "a")))
	f.Add([]byte(`{"metadata":{"name":"a","resourceVersion":"5"}}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		it, err := c.item("ns/a", value, 7)
		if err == nil && it.Object().GetResourceVersion() != "7" {
			t.Errorf("resourceVersion %q", it.Object().GetResourceVersion())
		}
	})
}

func TestForeignValues(t *testing.T) {
	s := openStore(t)
	ctx := testContext(t)
	pods := s.Table(podsResource())
	list(t, pods, ListOptions{})
	asJSON := must[[]byte](t)(json.Marshal(&corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "json", Labels: map[string]string{"a": "b"}},
	}))
	for key, value := range map[string]string{
		"/registry/pods/ns/json":       string(asJSON) + "\n",
		"/registry/pods/ns/proto":      string(upstream(t, pod("ns", "proto"))),
		"/registry/pods/ns/encrypted":  "k8s:enc:aescbc:v1:xyz",
		"/registry/pods/ns/cut":        string(upstream(t, pod("ns", "cut"))[:40]),
		"/registry/pods/ns/too/deep":   string(asJSON),
		"/registry/podtemplates/ns/pt": string(asJSON),
	} {
		if _, err := s.client.Put(ctx, key, value); err != nil {
			t.Fatal(err)
		}
	}
	if got := keys(list(t, pods, ListOptions{})); got != "ns/json ns/proto" {
		t.Errorf("read: %s", got)
	}
	it := must[Item](t)(pods.Get(ctx, "ns", "json", 0))
	if !bytes.HasPrefix(it.Proto(), magic) || it.Labels()["a"] != "b" {
		t.Errorf("an object stored as JSON: %q", it.Proto())
	}
}

func customResource() *api.Resource {
	return &api.Resource{
		GroupVersionKind: schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Boat"}, Plural: "boats", Namespaced: true, Prefix: "example.com/boats",
		New: func() api.Object { return &unstructured.Unstructured{} },
	}
}

func TestCustomResources(t *testing.T) {
	s := openStore(t)
	boats := s.Table(customResource())
	boat := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "a", "namespace": "ns", "uid": "u", "labels": map[string]any{"x": "y"}},
		"spec":     map[string]any{"metadata": "not this", "text": `quotes " and } braces`, "n": int64(7)},
	}}
	it := create(t, boats, boat)[0]
	if it.Proto() != nil {
		t.Error("a custom resource has no protobuf")
	}
	stored := must[Item](t)(boats.Get(testContext(t), "ns", "a", Latest))
	obj := stored.Object().(*unstructured.Unstructured)
	if obj.GetResourceVersion() != fmt.Sprint(it.Revision()) || obj.GetKind() != "Boat" || stored.Labels()["x"] != "y" {
		t.Errorf("%v", obj)
	}
	if want := must[[]byte](t)(json.Marshal(obj.Object)); string(stored.JSON()) != string(want) {
		t.Errorf("JSON:\n got %s\nwant %s", stored.JSON(), want)
	}
	got := must[*clientv3.GetResponse](t)(s.client.Get(testContext(t), "/registry/example.com/boats/ns/a"))
	if value := string(got.Kvs[0].Value); strings.Contains(value, "resourceVersion") {
		t.Errorf("etcd holds a resourceVersion: %s", value)
	}
}

// Members are what the JSON of the whole object has.
func TestMembersAreOfTheWhole(t *testing.T) {
	fuzz := fuzzer.FuzzerFor(metafuzzer.Funcs, rand.NewSource(1), serializer.NewCodecFactory(protoScheme))
	c := newCodec(podsResource())
	for _, names := range [][]string{nil, {"metadata"}, {"status", "metadata"}, {"spec"}, {"kind", "unheard"}} {
		obj := c.resource.New()
		fuzz.Fill(obj)
		wire := must[[]byte](t)(c.encodeProto(obj.(protoObject)))
		it := &item{codec: c, wire: wire}
		var want, got map[string]any
		if err := json.Unmarshal(it.JSON(), &want); err != nil {
			t.Fatal(err)
		}
		delete(want["metadata"].(map[string]any), "managedFields")
		maps.DeleteFunc(want, func(name string, _ any) bool {
			return name != "kind" && name != "apiVersion" && !slices.Contains(names, name)
		})
		if err := json.Unmarshal(it.Members(names), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %v\nwant %v", names, got, want)
		}
	}
}
