package store

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"sync"
	"unsafe"
	"weak"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"skiff/internal/api"
)

// item is one object at one revision: its wire bytes and what selectors ask
// for. Everything else is made when wanted, and held only as long as someone
// uses it.
type item struct {
	codec    *codec
	key      string // "NAMESPACE/NAME", or "NAME"
	slash    int    // of key; -1 without a namespace
	revision int64
	labels   labelList
	fields   labelList
	wire     []byte // protobuf envelope, or JSON for a kind without protobuf
	views    views
}

// views are the forms of an item made on demand.
type views struct {
	mu     sync.Mutex
	json   weak.Pointer[byte]
	size   int // of json
	object weak.Pointer[byte]
	shared weak.Pointer[byte]
}

// alive is what a view points to, if anyone still holds it. A pointer that has
// become nil is forgotten: asking it again costs more than having none.
func alive(view *weak.Pointer[byte]) *byte {
	p := view.Value()
	if p == nil {
		*view = weak.Pointer[byte]{}
	}
	return p
}

var _ Item = (*item)(nil)

func (it *item) Namespace() string {
	if it.slash < 0 {
		return ""
	}
	return it.key[:it.slash]
}

func (it *item) Name() string       { return it.key[it.slash+1:] }
func (it *item) Revision() int64    { return it.revision }
func (it *item) Labels() labels.Set { return it.labels.asMap() }

func (it *item) Fields() fields.Set {
	set := fields.Set{"metadata.name": it.Name()}
	if it.slash >= 0 {
		set["metadata.namespace"] = it.Namespace()
	}
	for _, f := range it.fields {
		set[f.key.Value()] = f.value.Value()
	}
	return set
}

// Proto is nil for a kind that has no protobuf.
func (it *item) Proto() []byte {
	if it.codec.isJSON {
		return nil
	}
	return it.wire
}

func (it *item) JSON() []byte {
	if it.codec.isJSON {
		return it.wire
	}
	it.views.mu.Lock()
	defer it.views.mu.Unlock()
	if p := it.views.json.Value(); p != nil {
		return unsafe.Slice(p, it.views.size)
	}
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	*buf = it.appendJSON((*buf)[:0], nil)
	b := bytes.Clone(*buf)
	it.views.json, it.views.size = weak.Make(&b[0]), len(b)
	return b
}

// AppendJSON makes the JSON for the caller alone, so that a list of all there
// is leaves nothing behind.
func (it *item) AppendJSON(b []byte, s *Scratch) []byte {
	if it.codec.isJSON {
		return append(b, it.wire...)
	}
	it.views.mu.Lock()
	p, size := alive(&it.views.json), it.views.size
	it.views.mu.Unlock()
	if p != nil {
		return append(b, unsafe.Slice(p, size)...)
	}
	return it.appendJSON(b, s)
}

// appendJSON writes the JSON from the wire bytes where the kind has a plan
// for that, and through the object where it has none.
func (it *item) appendJSON(b []byte, s *Scratch) []byte {
	out, err := it.codec.appendJSON(b, it.wire, s)
	if err == nil {
		return out
	}
	obj, err := it.codec.decode(it.wire)
	if err == nil {
		var data []byte
		if data, err = json.Marshal(obj); err == nil {
			return append(b, data...)
		}
	}
	// A typed API object always marshals; one that does not is a bug in its
	// kind, and no reader should die of it.
	slog.Error("cannot write an object as JSON", "resource", it.codec.resource.Plural, "key", it.key, "error", err)
	return append(b, "null"...)
}

func (it *item) Members(names []string) []byte {
	if it.codec.isJSON {
		return nil
	}
	out, err := it.codec.appendMembers(nil, it.wire, names)
	if err != nil {
		return nil
	}
	return out
}

func (it *item) Object() api.Object {
	it.views.mu.Lock()
	defer it.views.mu.Unlock()
	return it.only(&it.views.object, it.codec.decode)
}

func (it *item) Shared() api.Object {
	it.views.mu.Lock()
	defer it.views.mu.Unlock()
	return it.only(&it.views.shared, it.codec.decodeUnmanaged)
}

// Printed makes its own, smaller object where no whole one is at hand: a table
// of thousands is gone through once, and would leave as many behind.
func (it *item) Printed(s *Scratch) api.Object {
	it.views.mu.Lock()
	whole := alive(&it.views.object) != nil
	it.views.mu.Unlock()
	if !whole && !it.codec.isJSON {
		if obj := s.empty(it.codec); it.codec.decodeInto(obj, it.wire, it.codec.printed) == nil {
			return obj
		}
	}
	return it.Object()
}

// only is the object in one of its views, decoded if nobody holds it; it needs
// views.mu. The weak pointer is to the object itself and not to something that
// holds it, so that all who use the object share one.
func (it *item) only(view *weak.Pointer[byte], decode func([]byte) (api.Object, error)) api.Object {
	if p := view.Value(); p != nil {
		return reflect.NewAt(it.codec.goType, unsafe.Pointer(p)).Interface().(api.Object)
	}
	obj, err := decode(it.wire)
	if err != nil {
		// The bytes were decoded or encoded by this process before they
		// became an item.
		slog.Error("cannot decode a cached object", "resource", it.codec.resource.Plural, "key", it.key, "error", err)
		return it.codec.resource.New()
	}
	*view = weak.Make((*byte)(reflect.ValueOf(obj).UnsafePointer()))
	return obj
}

// at is the same state seen at another revision, as the event of its
// deletion shows it.
func (it *item) at(revision int64) *item {
	wire, err := it.codec.withRevision(it.wire, revision)
	if err != nil {
		wire = it.wire
	}
	return &item{codec: it.codec, key: it.key, slash: it.slash, revision: revision, labels: it.labels, fields: it.fields, wire: wire}
}
