package codec

import (
	"encoding/binary"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A protobuf document is four bytes of magic and a runtime.Unknown: the kind
// (field 1), the object's own message (2), and two empty strings (3, 4).
// An object's message has its ObjectMeta in field 1; a list's has its
// ListMeta in field 1 and an item in each field 2.

var magic = []byte{'k', '8', 's', 0}

// envelopeEnd are the two empty strings behind the object's message.
var envelopeEnd = []byte{0x1a, 0, 0x22, 0}

var errNotProto = errors.New("stored bytes are not a protobuf document")

// Envelope is what stands before the n bytes of an object's message; Close is
// what stands behind them.
func Envelope(gvk schema.GroupVersionKind, n int) []byte {
	apiVersion := gvk.GroupVersion().String()
	kind := AppendBytes(AppendBytes(nil, 1, []byte(apiVersion)), 2, []byte(gvk.Kind))
	out := append(make([]byte, 0, 32+len(kind)), magic...)
	return AppendTag(AppendBytes(out, 1, kind), 2, n)
}

// Close ends a document that Envelope began.
func Close() []byte { return envelopeEnd }

// AppendTag begins a field of n bytes.
func AppendTag(b []byte, field, n int) []byte {
	return binary.AppendUvarint(append(b, byte(field<<3|2)), uint64(n))
}

// AppendBytes appends a whole field.
func AppendBytes(b []byte, field int, data []byte) []byte {
	return append(AppendTag(b, field, len(data)), data...)
}

// FieldSize is how many bytes a field of n bytes takes with its tag.
func FieldSize(n int) int {
	size := 2 + n
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// Message is the object's own message inside a document.
func Message(document []byte) ([]byte, error) {
	if len(document) < len(magic) || string(document[:len(magic)]) != string(magic) {
		return nil, errNotProto
	}
	return field(document[len(magic):], 2)
}

// MetaMessage is the ObjectMeta message inside a document.
func MetaMessage(document []byte) ([]byte, error) {
	m, err := Message(document)
	if err != nil {
		return nil, err
	}
	return field(m, 1)
}

// MetaOf decodes the metadata of a document, and nothing else of it.
func MetaOf(document []byte) (metav1.ObjectMeta, error) {
	var out metav1.ObjectMeta
	m, err := MetaMessage(document)
	if err != nil {
		return out, err
	}
	return out, out.Unmarshal(m)
}

// field finds the first field of that number, which has to be of bytes.
func field(b []byte, number int) ([]byte, error) {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag&7 != 2 {
			return nil, errNotProto
		}
		b = b[n:]
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, errNotProto
		}
		b = b[n:]
		if int(tag>>3) == number {
			return b[:size], nil
		}
		b = b[size:]
	}
	return nil, nil
}
