package apiserver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/apiserver/table"
	"skiff/internal/store"
)

// listForm is a list on its way out: its kind, its head, and how each item
// looks in it.
type listForm struct {
	kind schema.GroupVersionKind
	meta metav1.ListMeta
	// extra fields of the head, in JSON, before the items.
	extraName string
	extra     any
	itemsName string
	// parts are the bytes of one item, in the list's encoding; good until
	// the next call.
	parts func(store.Item) (head, rest []byte, err error)
	buf   []byte // of parts
}

// writeList streams the list: it holds one item at a time.
func (x *exchange) writeList(l *store.List, meta metav1.ListMeta) error {
	form, err := x.listForm(meta)
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Type", x.media.ContentType())
	if x.media.Encoding == negotiate.Proto {
		return x.streamProto(form, l)
	}
	out, done := x.body()
	defer done()
	switch {
	case x.media.Encoding == negotiate.YAML:
		return form.writeYAML(out, l)
	case x.media.Encoding == negotiate.CBOR:
		return form.writeCBOR(out, l)
	case x.media.Pretty:
		return form.writePretty(out, l)
	}
	return form.writeJSON(out, l)
}

func (x *exchange) listForm(meta metav1.ListMeta) (*listForm, error) {
	f := &listForm{kind: x.e.listKind(), meta: meta, itemsName: "items"}
	shape := schema.GroupVersion{Group: metav1.GroupName, Version: x.media.Version}
	proto := x.media.Encoding == negotiate.Proto
	switch x.media.Shape {
	case negotiate.Table:
		include, err := x.includeObject()
		if err != nil {
			return nil, err
		}
		f.kind, f.itemsName = shape.WithKind("Table"), "rows"
		f.extraName, f.extra = "columnDefinitions", x.e.r.Columns
		var printer table.Printer
		f.parts = func(i store.Item) ([]byte, []byte, error) {
			var err error
			f.buf, err = printer.AppendRow(f.buf[:0], x.e.r, i, include, x.media.Version)
			return nil, f.buf, err
		}
	case negotiate.Metadata:
		f.kind = shape.WithKind("PartialObjectMetadataList")
		f.parts = func(i store.Item) ([]byte, []byte, error) {
			if !proto {
				var err error
				f.buf, err = codec.AppendMetadata(f.buf[:0], i, x.media.Version)
				return nil, f.buf, err
			}
			message, err := codec.MetaMessage(i.Proto())
			return codec.AppendTag(nil, 1, len(message)), message, err
		}
	default:
		f.parts = func(i store.Item) ([]byte, []byte, error) {
			if proto {
				message, err := codec.Message(i.Proto())
				return nil, message, err
			}
			f.buf = i.AppendJSON(f.buf[:0])
			head, rest := x.e.listItem(f.buf)
			return head, rest, nil
		}
	}
	return f, nil
}

// head is the JSON of all but the items, without the closing brace.
func (f *listForm) head() []byte {
	head, _ := json.Marshal(struct {
		Kind       string          `json:"kind"`
		APIVersion string          `json:"apiVersion"`
		Metadata   metav1.ListMeta `json:"metadata"`
	}{f.kind.Kind, f.kind.GroupVersion().String(), f.meta})
	head = head[:len(head)-1]
	if f.extraName != "" {
		extra, _ := json.Marshal(f.extra)
		head = append(append(head, `,"`+f.extraName+`":`...), extra...)
	}
	return head
}

func (f *listForm) writeJSON(w *bufio.Writer, l *store.List) error {
	_, _ = w.Write(f.head())
	_, _ = w.WriteString(`,"` + f.itemsName + `":[`)
	first := true
	for i := range l.Items {
		head, rest, err := f.parts(i)
		if err != nil {
			return abort(err)
		}
		if !first {
			_ = w.WriteByte(',')
		}
		first = false
		_, _ = w.Write(head)
		if _, err := w.Write(rest); err != nil {
			return abort(err)
		}
	}
	_, err := w.WriteString("]}\n")
	return err
}

// writePretty is writeJSON for people's eyes.
func (f *listForm) writePretty(w *bufio.Writer, l *store.List) error {
	var head bytes.Buffer
	_ = json.Indent(&head, append(f.head(), '}'), "", "  ")
	_, _ = w.Write(bytes.TrimSuffix(head.Bytes(), []byte("\n}")))
	_, _ = w.WriteString(",\n  \"" + f.itemsName + "\": [")
	first := true
	var one bytes.Buffer
	for i := range l.Items {
		head, rest, err := f.parts(i)
		if err != nil {
			return abort(err)
		}
		if !first {
			_ = w.WriteByte(',')
		}
		one.Reset()
		_ = json.Indent(&one, append(bytes.Clone(head), rest...), "    ", "  ")
		_, _ = w.WriteString("\n    ")
		if _, err := w.Write(one.Bytes()); err != nil {
			return abort(err)
		}
		first = false
	}
	if !first {
		_, _ = w.WriteString("\n  ")
	}
	_, err := w.WriteString("]\n}\n")
	return err
}

// abort ends an answer that is already on its way: the client sees a broken
// stream instead of a short list.
func abort(error) error { panic(http.ErrAbortHandler) }

// chunk is how much of an answer is handed on at a time: with the header of
// its HTTP/2 frame (9 bytes) it fills one TLS record, and so one system call.
// A byte more would make that two of each.
const chunk = 16<<10 - 9

var bufferPool = sync.Pool{New: func() any { return bufio.NewWriterSize(io.Discard, chunk) }}

// body is the answer's body, buffered, and compressed when that pays.
func (x *exchange) body() (w *bufio.Writer, done func()) {
	w = bufferPool.Get().(*bufio.Writer)
	var out io.Writer = x.w
	var zip *lateGzip
	if x.wantsGzip() {
		zip = newLateGzip(x.w)
		out = zip
	}
	w.Reset(out)
	return w, func() {
		_ = w.Flush()
		if zip != nil {
			zip.close()
		}
		w.Reset(io.Discard)
		bufferPool.Put(w)
	}
}
