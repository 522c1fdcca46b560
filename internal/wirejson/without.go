package wirejson

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Without leaves fields out of a message, so that decoding the rest is cheap
// for those who need no more: rows of a table.
type Without struct {
	all  bool       // of the field: it is left out whole
	some []*Without // by protobuf number; nil: kept
}

// Leaving is what leaves out the fields at the paths, in JSON names, of
// messages of a struct type: "spec.containers.env".
func Leaving(t reflect.Type, paths ...string) (*Without, error) {
	w := &Without{}
	for _, path := range paths {
		at, in := w, t
		for name := range strings.SplitSeq(path, ".") {
			number, next, err := numberOf(in, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			for len(at.some) <= number {
				at.some = append(at.some, nil)
			}
			if at.some[number] == nil {
				at.some[number] = &Without{}
			}
			at, in = at.some[number], next
		}
		at.all = true
	}
	return w, nil
}

// numberOf finds a field by its JSON name: its protobuf number, and the type
// of its content or elements.
func numberOf(t reflect.Type, name string) (int, reflect.Type, error) {
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			f := t.Field(i)
			if is, _, _ := strings.Cut(f.Tag.Get("json"), ","); is != name || f.Tag.Get("protobuf") == "" {
				continue
			}
			number, err := strconv.Atoi(strings.Split(f.Tag.Get("protobuf"), ",")[1])
			in := f.Type
			for in.Kind() == reflect.Slice || in.Kind() == reflect.Pointer {
				in = in.Elem()
			}
			return number, in, err
		}
	}
	return 0, nil, fmt.Errorf("%s has no field %q", t, name)
}

// lengthSize is how many bytes are kept for the length of a message that is
// made smaller: a varint may be longer than it need be.
const lengthSize = 4

// Append appends the message without the fields.
func (w *Without) Append(dst, message []byte) ([]byte, error) {
	kept := message // from where on nothing was left out yet
	for len(message) > 0 {
		number, f, rest := cut(message)
		if f.kind == damaged {
			return dst, errWire
		}
		if number >= len(w.some) || w.some[number] == nil {
			message = rest
			continue
		}
		dst = append(dst, kept[:len(kept)-len(message)]...)
		message, kept = rest, rest
		switch inner := w.some[number]; {
		case inner.all:
		case f.kind != bytesType:
			return dst, errWire
		default:
			dst = binary.AppendUvarint(dst, uint64(number<<3|bytesType))
			at := len(dst)
			dst = append(dst, 0, 0, 0, 0)
			var err error
			if dst, err = inner.Append(dst, f.body); err != nil {
				return dst, err
			}
			putLength(dst[at:], len(dst)-at-lengthSize)
		}
	}
	return append(dst, kept...), nil
}

func putLength(b []byte, n int) {
	b[0], b[1], b[2], b[3] = byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14)|0x80, byte(n>>21)&0x7f
}
