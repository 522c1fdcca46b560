package apiserver

import (
	"bytes"
	"encoding/json"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/apiserver/table"
	"skiff/internal/store"
	"skiff/internal/wirejson"
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
	// append appends one item in JSON, as the list has it.
	append func([]byte, store.Item) ([]byte, error)
	// message is one item in protobuf: what begins it, and what it shares
	// with the store.
	message func(store.Item) (head, rest []byte, err error)
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
	switch x.media.Shape {
	case negotiate.Table:
		include, err := x.includeObject()
		if err != nil {
			return nil, err
		}
		f.kind, f.itemsName = shape.WithKind("Table"), "rows"
		f.extraName, f.extra = "columnDefinitions", x.e.r.Columns
		var printer table.Printer
		f.append = func(dst []byte, i store.Item) ([]byte, error) {
			return printer.AppendRow(dst, x.e.r, i, include, x.media.Version)
		}
	case negotiate.Metadata:
		f.kind = shape.WithKind("PartialObjectMetadataList")
		var form wirejson.Form
		f.append = func(dst []byte, i store.Item) ([]byte, error) {
			return codec.AppendMetadata(dst, i, x.media.Version, &form)
		}
		f.message = func(i store.Item) ([]byte, []byte, error) {
			message, err := codec.MetaMessage(i.Proto())
			return codec.AppendTag(nil, 1, len(message)), message, err
		}
	default:
		var scratch store.Scratch
		f.append = func(dst []byte, i store.Item) ([]byte, error) { return x.e.appendListItem(dst, i, &scratch), nil }
		f.message = func(i store.Item) ([]byte, []byte, error) {
			message, err := codec.Message(i.Proto())
			return nil, message, err
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

func (f *listForm) writeJSON(w *chunked, l *store.List) error {
	_, _ = w.Write(f.head())
	_, _ = w.WriteString(`,"` + f.itemsName + `":[`)
	first := true
	for i := range l.Items {
		if !first {
			w.b = append(w.b, ',')
		}
		first = false
		var err error
		if w.b, err = f.append(w.b, i); err != nil {
			return abort(err)
		}
		if err := w.spill(); err != nil {
			return abort(err)
		}
	}
	_, err := w.WriteString("]}\n")
	return err
}

// writePretty is writeJSON for people's eyes.
func (f *listForm) writePretty(w *chunked, l *store.List) error {
	var head bytes.Buffer
	_ = json.Indent(&head, append(f.head(), '}'), "", "  ")
	_, _ = w.Write(bytes.TrimSuffix(head.Bytes(), []byte("\n}")))
	_, _ = w.WriteString(",\n  \"" + f.itemsName + "\": [")
	first := true
	var item []byte
	var one bytes.Buffer
	for i := range l.Items {
		var err error
		if item, err = f.append(item[:0], i); err != nil {
			return abort(err)
		}
		if !first {
			_ = w.WriteByte(',')
		}
		one.Reset()
		_ = json.Indent(&one, item, "    ", "  ")
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

// body is the answer's body, in chunks, and compressed when that pays.
func (x *exchange) body() (w *chunked, done func()) {
	if !x.wantsGzip() {
		w = newChunked(plainChunks, x.w)
		return w, func() { _ = w.close() }
	}
	zip := &lateGzip{w: x.w}
	w = newChunked(gzipChunks, zip)
	return w, func() {
		zip.last = true
		_ = w.close()
		zip.close()
	}
}
