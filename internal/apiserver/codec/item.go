package codec

import (
	"encoding/json"
	"reflect"
	"strconv"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
	"skiff/internal/wirejson"
)

// item is an object that is not in the store, in the store's form: the answer
// to a dry run, a subresource's body, or a converted view of a stored object.
// Its bytes are made when first asked for.
type item struct {
	obj         api.Object
	json, proto func() []byte
}

var _ store.Item = (*item)(nil)

// Item wraps obj, which it owns from now on, as an item of the kind gvk.
func Item(obj api.Object, gvk schema.GroupVersionKind) store.Item {
	obj.GetObjectKind().SetGroupVersionKind(gvk)
	i := &item{obj: obj}
	i.json = sync.OnceValue(func() []byte { return must(json.Marshal(obj)) })
	i.proto = sync.OnceValue(func() []byte { return must(Encode(obj, negotiate.Proto, false)) })
	return i
}

// must holds for the API's own types, which always encode.
func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

func (i *item) Namespace() string  { return i.obj.GetNamespace() }
func (i *item) Name() string       { return i.obj.GetName() }
func (i *item) Labels() labels.Set { return i.obj.GetLabels() }
func (i *item) Fields() fields.Set { return nil }
func (i *item) JSON() []byte       { return i.json() }
func (i *item) Proto() []byte      { return i.proto() }
func (i *item) Object() api.Object { return i.obj }

// Printed and Shared are the object, which is at hand.
func (i *item) Printed(*store.Scratch) api.Object { return i.obj }
func (i *item) Shared() api.Object                { return i.obj }

// Members is nil: all of the JSON is at hand.
func (i *item) Members([]string) []byte { return nil }

// AppendJSON appends JSON to b.
func (i *item) AppendJSON(b []byte, _ *store.Scratch) []byte { return append(b, i.json()...) }

func (i *item) Revision() int64 {
	n, _ := strconv.ParseInt(i.obj.GetResourceVersion(), 10, 64)
	return n
}

var metaPlan = sync.OnceValues(func() (*wirejson.Plan, error) {
	return wirejson.For(reflect.TypeFor[metav1.ObjectMeta]())
})

// AppendMetadata appends the JSON of the PartialObjectMetadata of an item, in
// that version of meta.k8s.io. Of an object in protobuf it reads the metadata
// alone, and decodes nothing. Those who write one after the other share a form;
// it may be nil.
func AppendMetadata(b []byte, i store.Item, version string, form *wirejson.Form) ([]byte, error) {
	b = append(append(b, `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/`...), version...)
	b = append(b, `","metadata":`...)
	if proto := i.Proto(); proto != nil {
		message, err := MetaMessage(proto)
		if err != nil {
			return b, err
		}
		plan, err := metaPlan()
		if err != nil {
			return b, err
		}
		if out, err := plan.AppendFieldsLike(append(b, '{'), message, form); err == nil {
			return append(out, "}}"...), nil
		}
	}
	meta, err := MetaOfItem(i)
	if err != nil {
		return b, err
	}
	data, err := json.Marshal(meta)
	return append(append(b, data...), '}'), err
}

// MetaOfItem is the metadata of an item: decoded alone, without its body.
func MetaOfItem(i store.Item) (metav1.ObjectMeta, error) {
	if proto := i.Proto(); proto != nil {
		return MetaOf(proto)
	}
	var obj struct {
		Metadata metav1.ObjectMeta `json:"metadata"`
	}
	err := json.Unmarshal(i.JSON(), &obj)
	return obj.Metadata, err
}
