package apiserver

import (
	"encoding/binary"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

// frames lays out watch events for the wire: in JSON an object a line, in
// protobuf a length and a WatchEvent. The bytes of an object are the item's
// own, whoever watches; only the few around them are made here.
type frames struct {
	x     *exchange
	first bool // nothing was framed yet
	buf   []byte
}

// event frames one event. The frame is good until the next call.
func (f *frames) event(ev store.Event) ([]byte, error) {
	item := ev.Item
	if ev.Type == store.Bookmark {
		item = f.bookmark(ev)
	}
	var data []byte
	var err error
	if f.x.media.Shape == negotiate.Table {
		data, err = f.x.tableDocument(item, f.first)
	} else {
		data, err = f.x.document(item)
	}
	if err != nil {
		return nil, err
	}
	f.first = false
	return f.frame(string(ev.Type), data), nil
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
	return f.frame("ERROR", data)
}

func (f *frames) frame(kind string, object []byte) []byte {
	if f.x.media.Encoding == negotiate.Proto {
		f.buf = protoFrame(f.buf[:0], kind, object)
		return f.buf
	}
	f.buf = append(f.buf[:0], `{"type":"`...)
	f.buf = append(append(f.buf, kind...), `","object":`...)
	f.buf = append(append(f.buf, object...), "}\n"...)
	return f.buf
}

// protoFrame is four bytes of length and the message of a WatchEvent: its
// type (field 1), and its object (2), a RawExtension (field 1: the bytes).
func protoFrame(b []byte, kind string, object []byte) []byte {
	b = codec.AppendBytes(append(b, 0, 0, 0, 0), 1, []byte(kind))
	b = codec.AppendTag(b, 2, codec.FieldSize(len(object)))
	b = codec.AppendBytes(b, 1, object)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}
