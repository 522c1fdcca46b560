package apiserver

import (
	"bytes"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

// headOnly is an item whose body is gone: the bytes behind its metadata are
// not protobuf, and whoever decodes it is counted.
type headOnly struct {
	store.Item
	decoded int
}

func (i *headOnly) Proto() []byte {
	whole := bytes.Clone(i.Item.Proto())
	meta, err := codec.MetaMessage(whole)
	if err != nil {
		panic(err)
	}
	end := bytes.Index(whole, meta) + len(meta)
	for n := range whole[end:] {
		whole[end+n] = 0xff
	}
	return whole
}

func (i *headOnly) Object() api.Object                  { i.decoded++; return i.Item.Object() }
func (i *headOnly) Printed(s *store.Scratch) api.Object { i.decoded++; return i.Item.Printed(s) }
func (i *headOnly) JSON() []byte                        { i.decoded++; return i.Item.JSON() }
func (i *headOnly) AppendJSON(b []byte, s *store.Scratch) []byte {
	i.decoded++
	return i.Item.AppendJSON(b, s)
}

// A list of metadata reads the metadata and nothing else: no object is
// decoded, and no byte of a body looked at.
func TestMetadataListsTouchNoBodies(t *testing.T) {
	obj := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b", Labels: map[string]string{"c": "d"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
	}
	r := &api.Resource{GroupVersionKind: corev1.SchemeGroupVersion.WithKind("Pod")}
	for _, encoding := range []negotiate.Encoding{negotiate.JSON, negotiate.YAML, negotiate.Proto, negotiate.CBOR} {
		item := &headOnly{Item: codec.Item(obj.DeepCopy(), r.GroupVersionKind)}
		w := httptest.NewRecorder()
		x := &exchange{w: w, r: httptest.NewRequest("GET", "/", nil), e: &endpoint{r: r}}
		x.media = negotiate.Media{Encoding: encoding, Shape: negotiate.Metadata, Version: "v1"}
		list := &store.List{Items: func(yield func(store.Item) bool) { yield(item) }}
		if err := x.writeList(list, metav1.ListMeta{}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(w.Body.Bytes(), []byte("PartialObjectMetadataList")) || bytes.Count(w.Body.Bytes(), []byte("d")) == 0 {
			t.Errorf("%s: %q", encoding, w.Body)
		}
		if item.decoded != 0 {
			t.Errorf("%s: decoded %d times", encoding, item.decoded)
		}
	}
}
