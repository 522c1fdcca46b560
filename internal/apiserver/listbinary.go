package apiserver

import (
	"strconv"

	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
)

// writeCBOR writes the list in CBOR: a map with the head's members and, last,
// the items, which are not counted but end.
func (f *listForm) writeCBOR(w *chunked, l *store.List) error {
	head, err := codec.AppendCBOR([]byte(codec.CBORPrefix), append(f.head(), '}'))
	if err != nil {
		return err
	}
	head[len(codec.CBORPrefix)]++ // one more member: a count this small is in the head itself
	_, _ = w.Write(append(codec.AppendCBORString(head, f.itemsName), codec.CBOROpenList))
	var item, one []byte
	for i := range l.Items {
		if item, err = f.append(item[:0], i); err != nil {
			return abort(err)
		}
		if one, err = codec.AppendCBOR(one[:0], item); err != nil {
			return abort(err)
		}
		if _, err := w.Write(one); err != nil {
			return abort(err)
		}
	}
	return w.WriteByte(codec.CBOREnd)
}

// streamProto writes the list in protobuf, which says lengths first: it walks
// the items twice, adding up and then writing.
func (x *exchange) streamProto(f *listForm, l *store.List) error {
	meta, err := f.meta.Marshal()
	if err != nil {
		return err
	}
	size := codec.FieldSize(len(meta))
	for i := range l.Items {
		head, rest, err := f.message(i)
		if err != nil {
			return err
		}
		size += codec.FieldSize(len(head) + len(rest))
	}
	envelope := codec.AppendBytes(codec.Envelope(f.kind, size), 1, meta)
	if !x.wantsGzip() {
		x.w.Header().Set("Content-Length", strconv.Itoa(len(envelope)-codec.FieldSize(len(meta))+size+len(codec.Close())))
	}
	w, done := x.body()
	defer done()
	_, _ = w.Write(envelope)
	tag := make([]byte, 0, 16)
	for i := range l.Items {
		head, rest, err := f.message(i)
		if err != nil {
			return abort(err)
		}
		_, _ = w.Write(codec.AppendTag(tag, 2, len(head)+len(rest)))
		_, _ = w.Write(head)
		if _, err := w.Write(rest); err != nil {
			return abort(err)
		}
	}
	_, err = w.Write(codec.Close())
	return err
}
