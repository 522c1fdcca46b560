package apiserver

import (
	"slices"
	"strconv"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

// writeItem answers with one object in the encoding and shape asked for.
func (x *exchange) writeItem(code int, i store.Item) error {
	if x.media.Shape == negotiate.Whole && x.media.Encoding == negotiate.JSON && !x.media.Pretty {
		x.writeJSON(code, i)
		return nil
	}
	data, err := x.document(i)
	if err != nil {
		return err
	}
	if x.media.Encoding != negotiate.Proto {
		data = codec.Format(data, x.media.Encoding, x.media.Pretty)
	}
	x.sendDocument(code, data)
	return nil
}

// textPool is room for the JSON of objects that are sent, and forgotten.
var textPool = sync.Pool{New: func() any { return new([]byte) }}

// keptText is how large such room may be to be kept.
const keptText = 64 << 10

func (x *exchange) writeJSON(code int, i store.Item) {
	room := textPool.Get().(*[]byte)
	text := append(i.AppendJSON((*room)[:0], nil), '\n')
	x.sendDocument(code, text)
	if cap(text) <= keptText {
		*room = text
		textPool.Put(room)
	}
}

// document is one object in the shape asked for: in protobuf if that is the
// encoding, and otherwise in JSON.
func (x *exchange) document(i store.Item) ([]byte, error) {
	switch x.media.Shape {
	case negotiate.Metadata:
		return metadataDocument(i, x.media)
	case negotiate.Table:
		return x.tableDocument(i, true)
	}
	if x.media.Encoding == negotiate.Proto {
		return i.Proto(), nil
	}
	return i.JSON(), nil
}

// metadataDocument is the PartialObjectMetadata of an item. In protobuf that
// is a slice of the item's own bytes.
func metadataDocument(i store.Item, m negotiate.Media) ([]byte, error) {
	gvk := metav1.SchemeGroupVersion.WithKind("PartialObjectMetadata")
	gvk.Version = m.Version
	if m.Encoding == negotiate.Proto {
		message, err := codec.MetaMessage(i.Proto())
		if err != nil {
			return nil, err
		}
		out := codec.Envelope(gvk, codec.FieldSize(len(message)))
		return append(codec.AppendBytes(out, 1, message), codec.Close()...), nil
	}
	return codec.AppendMetadata(nil, i, m.Version, nil)
}

// tableDocument is a Table with one row.
func (x *exchange) tableDocument(i store.Item, headers bool) ([]byte, error) {
	form, err := x.listForm(metav1.ListMeta{ResourceVersion: strconv.FormatInt(i.Revision(), 10)})
	if err != nil {
		return nil, err
	}
	if !headers {
		form.extra = nil
	}
	out, err := form.append(append(form.head(), `,"rows":[`...), i)
	return append(out, "]}"...), err
}

// writeObject answers with an object that is not an item of a table, such as
// a Status or a list.
func (x *exchange) writeObject(code int, obj runtime.Object) error {
	data, err := codec.Encode(obj, x.media.Encoding, x.media.Pretty)
	if err != nil {
		return err
	}
	x.sendDocument(code, data)
	return nil
}

// sendDocument writes a whole document, compressed where that saves the client
// more than it costs.
func (x *exchange) sendDocument(code int, data []byte) {
	if len(data) < gzipFrom || !x.wantsGzip() {
		writeDocument(x.w, x.media, code, data)
		return
	}
	x.w.Header().Set("Content-Type", x.media.ContentType())
	zip := &lateGzip{w: x.w}
	defer zip.close()
	zip.begin(code)
	for part := range slices.Chunk(data, gzipFrom) {
		_, _ = zip.Write(part)
	}
	if x.media.Encoding.IsText() && data[len(data)-1] != '\n' {
		_, _ = zip.Write([]byte{'\n'})
	}
}
