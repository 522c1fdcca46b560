package apiserver

import (
	"encoding/binary"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

// frames lays out watch events for the wire: in JSON an object a line, in
// protobuf a length and a WatchEvent, in CBOR a map. A change is laid out once for all who
// watch it in the same form.
type frames struct {
	x     *exchange
	form  frameForm
	first bool // nothing was framed yet
	buf   []byte
}

func (x *exchange) newFrames() (*frames, error) {
	f := &frames{x: x, first: true, form: frameForm{encoding: x.media.Encoding, shape: x.media.Shape, version: x.media.Version}}
	if x.media.Shape != negotiate.Table {
		return f, nil
	}
	var err error
	f.form.include, err = x.includeObject()
	return f, err
}

// event frames one event. The frame is good until the next call, and not to
// be written to.
func (f *frames) event(ev store.Event) ([]byte, error) {
	f.form.headers = f.first && f.form.shape == negotiate.Table
	if ev.Item == nil || ev.Initial {
		frame, err := f.lay(f.buf[:0], ev)
		if err == nil {
			f.buf, f.first = frame, false
		}
		return frame, err
	}
	frame, err := f.shared(&ev)
	if err == nil {
		f.first = false
	}
	return frame, err
}

func (f *frames) shared(ev *store.Event) ([]byte, error) {
	key := frameKey{ev.Item, ev.Type, f.form}
	if found := f.x.s.frames.find(&key); found != nil {
		return found.make()
	}
	first := *ev
	return f.x.s.frames.get(key, func() ([]byte, error) { return f.lay(nil, first) })
}

// lay appends the frame of an event.
func (f *frames) lay(b []byte, ev store.Event) ([]byte, error) {
	item := ev.Item
	if ev.Type == store.Bookmark {
		item = f.bookmark(ev)
	}
	var data []byte
	var err error
	if f.form.shape == negotiate.Table {
		data, err = f.x.tableDocument(item, f.form.headers)
	} else {
		data, err = f.x.document(item)
	}
	if err != nil {
		return b, err
	}
	if f.x.media.Encoding == negotiate.CBOR {
		data = codec.Format(data, negotiate.CBOR, false)
	}
	return f.frame(b, string(ev.Type), data), nil
}

// bookmark is the object of a BOOKMARK: empty, but for its resourceVersion.
func (f *frames) bookmark(ev store.Event) store.Item {
	obj := f.x.e.new()
	obj.SetResourceVersion(strconv.FormatInt(ev.Revision, 10))
	if ev.InitialEnd {
		obj.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
	return codec.Item(obj, f.x.e.r.GroupVersionKind)
}

// failure frames the ERROR event that ends a watch.
func (f *frames) failure(err error) []byte {
	data, _ := codec.Encode(statusOf(err), f.x.media.Encoding, false)
	return f.frame(nil, "ERROR", data)
}

func (f *frames) frame(b []byte, kind string, object []byte) []byte {
	b = slices.Grow(b, len(object)+frameAround)
	switch f.x.media.Encoding {
	case negotiate.Proto:
		return protoFrame(b, kind, object)
	case negotiate.CBOR:
		return cborFrame(b, kind, object)
	}
	b = append(append(append(b, `{"type":"`...), kind...), `","object":`...)
	return append(append(b, object...), "}\n"...)
}

// frameAround is enough for what stands around an object in its frame.
const frameAround = 48

// protoFrame is four bytes of length and the message of a WatchEvent: its
// type (field 1), and its object (2), a RawExtension (field 1: the bytes).
func protoFrame(b []byte, kind string, object []byte) []byte {
	start := len(b)
	b = codec.AppendBytes(append(b, 0, 0, 0, 0), 1, []byte(kind))
	b = codec.AppendTag(b, 2, codec.FieldSize(len(object)))
	b = codec.AppendBytes(b, 1, object)
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// cborFrame is a map of the event's type and its object, a CBOR document.
func cborFrame(b []byte, kind string, object []byte) []byte {
	b = codec.AppendCBORMap(append(b, codec.CBORPrefix...), 2)
	b = codec.AppendCBORString(codec.AppendCBORString(b, "type"), kind)
	return append(codec.AppendCBORString(b, "object"), object...)
}
