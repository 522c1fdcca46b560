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
// all have a tag and a length of one or two bytes each.
func (f *wire) read(b []byte) (rest []byte, err error) {
	if len(b) < 4 {
		return f.readAny(b)
	}
	tag, at := int(b[0]), 1
	if tag >= 0x80 {
		tag, at = tag&0x7f|int(b[1])<<7, 2
	}
	size := int(b[at])
	at++
	if tag&7 == varintType && size < 0x80 && tag>>3 != 0 && tag < 1<<14 {
		f.number, f.kind, f.body, f.varint = tag>>3, varintType, nil, uint64(size)
		return b[at:], nil
	}
	if size >= 0x80 {
		size = size&0x7f | int(b[at])<<7
		at++
	}
	if tag&7 == bytesType && tag>>3 != 0 && tag < 1<<14 && size < 1<<14 && size <= len(b)-at {
		f.number, f.kind, f.body = tag>>3, bytesType, b[at:at+size]
		return b[at+size:], nil
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
	start := len(dst)
	var open *field // the list or map that is being written
	var seen uint64
	var f wire
	var err error
	for len(message) > 0 {
		if message, err = f.read(message); err != nil {
			return dst, err
		}
		if f.number >= len(p.fields) || p.fields[f.number].shape == none {
			continue // a field of a newer version
		}
		to := &p.fields[f.number]
		if to == open {
			dst = append(dst, ',')
		} else {
			if open != nil {
				dst = append(dst, open.end())
				open = nil
			}
			if seen&(1<<f.number) != 0 {
				return dst, errWire
			}
			seen |= 1 << f.number
			if to.omitZero && f.isZero() {
				continue
			}
			if to.shape != inlined {
				dst = begin(dst, start, to.key)
			}
			if to.shape >= repeated {
				dst = append(dst, to.start())
				open = to
			}
		}
		switch to.shape {
		case mapped:
			dst, err = to.entry(dst, &f)
		case inlined:
			dst, err = to.members(dst, start, &f)
		default:
			dst, err = to.write(dst, &f)
		}
		if err != nil {
			return dst, err
		}
	}
	if open != nil {
		dst = append(dst, open.end())
	}
	for missing := p.always &^ seen; missing != 0; missing &= missing - 1 {
		dst = append(begin(dst, start, ","), p.fields[bits.TrailingZeros64(missing)].absent...)
	}
	return dst, nil
}

func (f *field) start() byte {
	if f.shape == mapped {
		return '{'
	}
	return '['
}

func (f *field) end() byte {
	if f.shape == mapped {
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

// begin begins a member of an object whose members begin at start; key has a
// comma before it.
func begin(dst []byte, start int, key string) []byte {
	if len(dst) == start {
		key = key[1:]
	}
	return append(dst, key...)
}

// members appends the members of a message among those of its parent.
func (f *field) members(dst []byte, start int, w *wire) ([]byte, error) {
	if w.kind != bytesType {
		return dst, errWire
	}
	before := len(dst)
	dst = begin(dst, start, ",")
	from := len(dst)
	dst, err := f.inline.AppendFields(dst, w.body)
	if len(dst) == from {
		dst = dst[:before] // nothing came, so nothing is to be parted
	}
	return dst, err
}

// entry appends an entry of a map.
func (f *field) entry(dst []byte, w *wire) (_ []byte, err error) {
	if w.kind != bytesType {
		return dst, errWire
	}
	var key, content, part wire
	found := false
	for b := w.body; len(b) > 0; {
		if b, err = part.read(b); err != nil {
			return dst, err
		}
		switch part.number {
		case 1:
			key = part
		case 2:
			content, found = part, true
		}
	}
	if key.body != nil && key.kind != bytesType {
		return dst, errWire
	}
	dst = append(AppendString(dst, key.body), ':')
	if !found {
		return append(dst, f.zero...), nil
	}
	return f.write(dst, &content)
}
