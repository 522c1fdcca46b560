package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	kjson "sigs.k8s.io/json"

	"skiff/internal/api"
	"skiff/internal/wirejson"
)

// protoObject is what the generated code of built-in kinds offers.
type protoObject interface {
	Size() int
	MarshalToSizedBuffer([]byte) (int, error)
	Unmarshal([]byte) error
}

// codec turns objects of one resource into what etcd keeps and into items.
type codec struct {
	resource *api.Resource
	typeMeta []byte
	goType   reflect.Type // of the struct behind the object
	isJSON   bool         // no protobuf: custom resources
	jsonHead []byte       // how the JSON of an object begins
	plan     func() (*wirejson.Plan, error)
	printed  func() (*wirejson.Without, error) // what rows do not look at
	// unmanaged leaves out metadata.managedFields.
	unmanaged func() (*wirejson.Without, error)
	lists     func() []uintptr // where lists lie in an object
}

func newCodec(r *api.Resource) *codec {
	obj := r.New()
	_, proto := obj.(protoObject)
	goType := reflect.TypeOf(obj).Elem()
	return &codec{
		resource:  r,
		typeMeta:  encodeTypeMeta(r.GroupVersion().String(), r.Kind),
		goType:    goType,
		isJSON:    !proto,
		jsonHead:  fmt.Appendf(nil, `{"kind":%q,"apiVersion":%q,`, r.Kind, r.GroupVersion().String()),
		plan:      sync.OnceValues(func() (*wirejson.Plan, error) { return wirejson.For(goType) }),
		printed:   sync.OnceValues(func() (*wirejson.Without, error) { return wirejson.Leaving(goType, r.RowIgnores...) }),
		unmanaged: sync.OnceValues(func() (*wirejson.Without, error) { return wirejson.Leaving(goType, "metadata.managedFields") }),
		lists:     sync.OnceValue(func() []uintptr { return listsIn(goType, 0, nil) }),
	}
}

// appendJSON writes the JSON of wire bytes without making the object, as one of
// a series if there is a scratch. What it refuses has to be decoded.
func (c *codec) appendJSON(b, wire []byte, s *Scratch) ([]byte, error) {
	plan, err := c.plan()
	if err != nil {
		return b, err
	}
	env, err := openEnvelope(wire)
	if err != nil {
		return b, err
	}
	var form *wirejson.Form
	if s != nil {
		form = &s.written
	}
	out, err := plan.AppendFieldsLike(append(b, c.jsonHead...), env.raw, form)
	return append(out, '}'), err
}

// appendMembers is appendJSON for some members, without managedFields.
func (c *codec) appendMembers(b, wire []byte, names []string) ([]byte, error) {
	plan, err := c.plan()
	if err != nil {
		return b, err
	}
	var out []byte
	err = c.leaving(wire, c.unmanaged, func(message []byte) error {
		out, err = plan.Only(names).AppendFields(append(b, c.jsonHead...), message)
		return err
	})
	if n := len(out) - 1; err == nil && out[n] == ',' { // none of them was there
		out = out[:n]
	}
	return append(out, '}'), err
}

// draft is an object about to be written: the value for etcd, and all that
// makes an item but the revision.
type draft struct {
	codec  *codec
	key    string
	slash  int
	value  []byte
	labels labelList
	fields labelList

	mu   sync.Mutex
	made *item
}

// draft encodes obj under its own namespace and name.
func (c *codec) draft(obj api.Object) (*draft, error) {
	if obj.GetSelfLink() != "" {
		obj = obj.DeepCopyObject().(api.Object)
		obj.SetSelfLink("")
	}
	d := &draft{codec: c, slash: -1, key: obj.GetName(), labels: sortedLabels(obj.GetLabels()), fields: c.fieldsOf(obj)}
	if c.resource.Namespaced {
		d.slash = len(obj.GetNamespace())
		d.key = obj.GetNamespace() + "/" + obj.GetName()
	}
	var err error
	if c.isJSON {
		d.value, err = c.encodeJSON(obj)
	} else {
		d.value, err = c.encodeProto(obj.(protoObject))
	}
	if err != nil {
		return nil, fmt.Errorf("encoding %s %q: %w", c.resource.Plural, d.key, err)
	}
	return d, nil
}

// item is the draft once it is stored. All who ask share it: the writer and
// the watch learn of the revision in either order.
func (d *draft) item(revision int64) (*item, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made != nil && d.made.revision == revision {
		return d.made, nil
	}
	wire, err := d.codec.withRevision(d.value, revision)
	if err != nil {
		return nil, err
	}
	d.made = &item{codec: d.codec, key: d.key, slash: d.slash, revision: revision, labels: d.labels, fields: d.fields, wire: wire}
	return d.made, nil
}

var scratch = sync.Pool{New: func() any { return new([]byte) }}

func (c *codec) encodeProto(obj protoObject) ([]byte, error) {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	size := obj.Size()
	*buf = slices.Grow((*buf)[:0], size)[:size]
	if _, err := obj.MarshalToSizedBuffer(*buf); err != nil {
		return nil, err
	}
	raw, err := scanObject(*buf)
	if err != nil {
		return nil, err
	}
	return raw.seal(c.typeMeta, 0), nil
}

func (c *codec) encodeJSON(obj api.Object) ([]byte, error) {
	obj.GetObjectKind().SetGroupVersionKind(c.resource.GroupVersionKind)
	b, err := json.Marshal(obj)
	if err != nil {
		return nil, err
	}
	return spliceJSON(b, "")
}

// withRevision is a value with metadata.resourceVersion written into it.
func (c *codec) withRevision(value []byte, revision int64) ([]byte, error) {
	if c.isJSON {
		return spliceJSON(value, strconv.FormatInt(revision, 10))
	}
	env, err := openEnvelope(value)
	if err != nil {
		return nil, err
	}
	raw, err := scanObject(env.raw)
	if err != nil {
		return nil, err
	}
	return raw.seal(c.typeMeta, revision), nil
}

// item makes the item of a value read from etcd under key.
func (c *codec) item(key string, value []byte, revision int64) (*item, error) {
	it := &item{codec: c, key: key, slash: -1, revision: revision}
	if c.resource.Namespaced {
		it.slash = strings.IndexByte(key, '/')
	}
	if c.isJSON || !bytes.HasPrefix(value, magic) {
		return it, c.fillFromJSON(it, value)
	}
	env, err := openEnvelope(value)
	if err != nil {
		return nil, err
	}
	if len(env.encoding) != 0 {
		return nil, fmt.Errorf("content encoding %q is not known", env.encoding)
	}
	raw, err := scanObject(env.raw)
	if err != nil {
		return nil, err
	}
	it.labels = slices.Clip(raw.labels)
	it.wire = raw.seal(c.typeMeta, revision)
	obj, err := c.decode(it.wire)
	if err != nil {
		return nil, err
	}
	it.fields = c.fieldsOf(obj)
	return it, nil
}

// fillFromJSON reads a JSON value; a kind with protobuf is kept as that.
func (c *codec) fillFromJSON(it *item, value []byte) error {
	if len(value) == 0 || value[0] != '{' {
		return fmt.Errorf("the value is neither protobuf nor JSON (is it encrypted?)")
	}
	obj, err := c.decodeJSON(value)
	if err != nil {
		return err
	}
	it.labels, it.fields = sortedLabels(obj.GetLabels()), c.fieldsOf(obj)
	if !c.isJSON {
		if value, err = c.encodeProto(obj.(protoObject)); err != nil {
			return err
		}
	}
	it.wire, err = c.withRevision(value, it.revision)
	return err
}

// decode reads the object from wire bytes.
func (c *codec) decode(wire []byte) (api.Object, error) {
	if c.isJSON {
		return c.decodeJSON(wire)
	}
	env, err := openEnvelope(wire)
	if err != nil {
		return nil, err
	}
	obj := c.resource.New()
	if err := obj.(protoObject).Unmarshal(env.raw); err != nil {
		return nil, err
	}
	obj.GetObjectKind().SetGroupVersionKind(c.resource.GroupVersionKind)
	return obj, nil
}

// decodeUnmanaged reads the object without its managedFields.
func (c *codec) decodeUnmanaged(wire []byte) (api.Object, error) {
	if c.isJSON {
		obj, err := c.decode(wire)
		if err == nil {
			obj.SetManagedFields(nil)
		}
		return obj, err
	}
	obj := c.resource.New()
	return obj, c.decodeInto(obj, wire, c.unmanaged)
}

// decodeInto reads wire bytes without some of their fields into an empty
// object.
func (c *codec) decodeInto(obj api.Object, wire []byte, what func() (*wirejson.Without, error)) error {
	return c.leaving(wire, what, obj.(protoObject).Unmarshal)
}

// leaving calls f with the message in wire bytes without some of its fields,
// which f does not keep.
func (c *codec) leaving(wire []byte, what func() (*wirejson.Without, error), f func(message []byte) error) error {
	without, err := what()
	if err != nil {
		return err
	}
	env, err := openEnvelope(wire)
	if err != nil {
		return err
	}
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	if *buf, err = without.Append((*buf)[:0], env.raw); err != nil {
		return err
	}
	return f(*buf)
}

func (c *codec) decodeJSON(b []byte) (api.Object, error) {
	obj := c.resource.New()
	if err := kjson.UnmarshalCaseSensitivePreserveInts(b, obj); err != nil {
		return nil, err
	}
	obj.GetObjectKind().SetGroupVersionKind(c.resource.GroupVersionKind)
	return obj, nil
}

func (c *codec) fieldsOf(obj api.Object) labelList {
	if c.resource.Fields == nil {
		return nil
	}
	return sortedLabels(c.resource.Fields(obj))
}

func sortedLabels(m map[string]string) labelList {
	if len(m) == 0 {
		return nil
	}
	list := make(labelList, 0, len(m))
	for k, v := range m {
		list = append(list, makeLabel(k, v))
	}
	slices.SortFunc(list, func(a, b label) int { return strings.Compare(a.key.Value(), b.key.Value()) })
	return list
}
