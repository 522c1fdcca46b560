package wirejson

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Wire types of protobuf.
const (
	varintType = 0
	fixed64    = 1
	bytesType  = 2
	fixed32    = 5
)

var errWire = errors.New("protobuf that is damaged or laid out in an unusual way")

// wire is one field as it stands in a message.
type wire struct {
	number, kind int
	body         []byte // of bytesType
	varint       uint64 // of varintType
}

// isZero says whether encoding/json would count the content as empty.
func (f *wire) isZero() bool {
	if f.kind == bytesType {
		return len(f.body) == 0
	}
	return f.varint == 0
}

// next reads the field at the start of b.
func next(b []byte) (f wire, rest []byte, err error) {
	rest, err = f.read(b)
	return f, rest, err
}

// read reads the field at the start of b and returns what follows it. Nearly
// all have a tag of one byte and a length of one or two.
func (f *wire) read(b []byte) (rest []byte, err error) {
	if len(b) > 2 && b[0] < 0x80 && b[0]&7 == bytesType && b[0]>>3 != 0 {
		size, n := int(b[1]), 2
		if size >= 0x80 {
			size, n = size&0x7f|int(b[2])<<7, 3
		}
		if (n == 2 || b[2] < 0x80) && size <= len(b)-n {
			f.number, f.kind, f.body = int(b[0]>>3), bytesType, b[n:n+size]
			return b[n+size:], nil
		}
	}
	return f.readAny(b)
}

func (f *wire) readAny(b []byte) (rest []byte, err error) {
	tag, n := uvarint(b)
	if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29 {
		return nil, errWire
	}
	f.number, f.kind, f.body, b = int(tag>>3), int(tag&7), nil, b[n:]
	switch f.kind {
	case varintType:
		if f.varint, n = uvarint(b); n <= 0 {
			return nil, errWire
		}
		return b[n:], nil
	case bytesType:
		size, n := uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, errWire
		}
		f.body = b[n : n+int(size)]
		return b[n+int(size):], nil
	case fixed64:
		n = 8
	case fixed32:
		n = 4
	default:
		return nil, errWire
	}
	if n > len(b) {
		return nil, errWire
	}
	f.varint = 1 // unknown, and not nothing
	return b[n:], nil
}

// uvarint is binary.Uvarint with the short cases, which are nearly all, first.
func uvarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	if len(b) > 1 && b[1] < 0x80 {
		return uint64(b[0]&0x7f) | uint64(b[1])<<7, 2
	}
	return binary.Uvarint(b)
}

// Append appends the JSON object of a message. A message that is not laid out
// as the generated code does it (a field twice, a list in pieces) is refused:
// it has to be decoded.
func (p *Plan) Append(dst, message []byte) ([]byte, error) {
	dst = append(dst, '{')
	dst, err := p.AppendFields(dst, message)
	return append(dst, '}'), err
}

// AppendFields is Append without the braces.
func (p *Plan) AppendFields(dst, message []byte) ([]byte, error) {
	w := writer{dst: dst, start: len(dst)}
	var open *field
	var seen uint64
	var f wire
	for last := 0; len(message) > 0; {
		var err error
		if message, err = f.read(message); err != nil {
			return w.dst, err
		}
		if f.number >= len(p.fields) || p.fields[f.number] == nil {
			continue // a field of a newer version
		}
		to := p.fields[f.number]
		if open != nil && f.number != last {
			w.dst = append(w.dst, open.end())
			open = nil
		}
		if open == nil && seen&(1<<f.number) != 0 {
			return w.dst, errWire
		}
		seen |= 1 << f.number
		last = f.number
		switch {
		case to.repeated || to.mapped:
			if open == nil {
				w.begin(to.key)
				w.dst = append(w.dst, to.start())
				open = to
			} else {
				w.dst = append(w.dst, ',')
			}
			err = w.element(to, &f)
		case to.inline != nil:
			err = w.inline(to, &f)
		case to.omitZero && f.isZero():
		default:
			w.begin(to.key)
			w.dst, err = to.write(w.dst, &f)
		}
		if err != nil {
			return w.dst, err
		}
	}
	if open != nil {
		w.dst = append(w.dst, open.end())
	}
	for missing := p.always &^ seen; missing != 0; missing &= missing - 1 {
		w.begin(",")
		w.dst = append(w.dst, p.fields[bits.TrailingZeros64(missing)].absent...)
	}
	return w.dst, nil
}

func (f *field) start() byte {
	if f.mapped {
		return '{'
	}
	return '['
}

func (f *field) end() byte {
	if f.mapped {
		return '}'
	}
	return ']'
}

// write appends a value. Texts and messages, which are nearly all of them,
// are spared a call through a pointer.
func (v *value) write(dst []byte, f *wire) ([]byte, error) {
	if f.kind == bytesType {
		switch {
		case v.text:
			return AppendString(dst, f.body), nil
		case v.message != nil:
			return v.message.Append(dst, f.body)
		}
	}
	return v.append(dst, *f)
}

// writer appends the members of an object.
type writer struct {
	dst   []byte
	start int
}

// begin begins a member; key has a comma before it.
func (w *writer) begin(key string) {
	if len(w.dst) == w.start {
		key = key[1:]
	}
	w.dst = append(w.dst, key...)
}

func (w *writer) inline(to *field, f *wire) (err error) {
	if f.kind != bytesType {
		return errWire
	}
	before := len(w.dst)
	w.begin(",")
	from := len(w.dst)
	w.dst, err = to.inline.AppendFields(w.dst, f.body)
	if len(w.dst) == from {
		w.dst = w.dst[:before] // nothing came, so nothing is to be parted
	}
	return err
}

// element appends an element of a list, or an entry of a map.
func (w *writer) element(to *field, f *wire) (err error) {
	if to.repeated {
		w.dst, err = to.write(w.dst, f)
		return err
	}
	if f.kind != bytesType {
		return errWire
	}
	var key, content wire
	found := false
	for b := f.body; len(b) > 0; {
		var part wire
		if b, err = part.read(b); err != nil {
			return err
		}
		switch part.number {
		case 1:
			key = part
		case 2:
			content, found = part, true
		}
	}
	if key.body != nil && key.kind != bytesType {
		return errWire
	}
	w.dst = append(AppendString(w.dst, key.body), ':')
	if !found {
		w.dst = append(w.dst, to.zero...)
		return nil
	}
	w.dst, err = to.write(w.dst, &content)
	return err
}
