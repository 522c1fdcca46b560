package wirejson

import (
	"encoding/binary"
	"errors"
)

// Wire types of protobuf, and what stands for a field that cannot be read.
const (
	varintType = 0
	fixed64    = 1
	bytesType  = 2
	fixed32    = 5
	damaged    = -1
)

var errWire = errors.New("protobuf that is damaged or laid out in an unusual way")

// wire is the content of a field as it stands in a message. It travels in
// registers: of each object there are hundreds.
type wire struct {
	kind int
	body []byte // of varintType, the varint itself; nil of the fixed types
}

// isZero says whether encoding/json would count the content as empty.
func (f wire) isZero() bool {
	switch f.kind {
	case bytesType:
		return len(f.body) == 0
	case varintType:
		return f.varint() == 0
	}
	return false
}

// varint is the number that the content is; it is one of varintType.
func (f wire) varint() uint64 {
	n, _ := uvarint(f.body)
	return n
}

// cut takes the field at the start of b off; its kind is damaged when it
// cannot be read. Nearly all have a tag and a length of one or two bytes each.
func cut(b []byte) (number int, f wire, rest []byte) {
	if len(b) < 4 {
		return cutAny(b)
	}
	tag, at := int(b[0]), 1
	if tag >= 0x80 {
		tag, at = tag&0x7f|int(b[1])<<7, 2
	}
	size := int(b[at])
	at++
	if size >= 0x80 {
		size = size&0x7f | int(b[at])<<7
		at++
	}
	end := at + size
	if tag&7 == bytesType && tag>>3 != 0 && tag < 1<<14 && size < 1<<14 && end <= len(b) {
		return tag >> 3, wire{bytesType, b[at:end]}, b[end:]
	}
	return cutAny(b)
}

func cutAny(b []byte) (number int, f wire, rest []byte) {
	tag, n := uvarint(b)
	if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29 {
		return 0, wire{kind: damaged}, nil
	}
	number, f.kind, b = int(tag>>3), int(tag&7), b[n:]
	from, size := 0, 0
	switch f.kind {
	case varintType:
		_, size = uvarint(b)
	case bytesType:
		length, n := uvarint(b)
		if n > 0 && length <= uint64(len(b)-n) {
			from, size = n, n+int(length)
		}
	case fixed64:
		size = 8
	case fixed32:
		size = 4
	}
	if size <= 0 || size > len(b) {
		return 0, wire{kind: damaged}, nil
	}
	if f.kind == varintType || f.kind == bytesType {
		f.body = b[from:size]
	}
	return number, f, b[size:]
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
