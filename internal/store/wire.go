package store

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// Objects of built-in kinds are kept in Kubernetes' protobuf envelope: four
// magic bytes and a runtime.Unknown {1: TypeMeta {1: apiVersion, 2: kind},
// 2: raw object, 3: contentEncoding, 4: contentType}. Field 1 of every raw
// object is its ObjectMeta. Reading what an index needs, and writing the
// resourceVersion, touches only those few fields; the rest is copied.

var (
	magic = []byte("k8s\x00")

	errWire = errors.New("damaged protobuf")
)

// Field numbers and wire types of the messages named above.
const (
	bytesType = 2

	unknownTypeMeta = 1
	unknownRaw      = 2
	unknownEncoding = 3

	objectMeta = 1

	metaName            = 1
	metaNamespace       = 3
	metaResourceVersion = 6
	metaLabels          = 11

	resourceVersionTag = metaResourceVersion<<3 | bytesType
)

// wireField is one field of a message: its number and type, where it starts
// and ends, and, when it is of bytesType, its content.
type wireField struct {
	number, kind int
	start, end   int
	body         []byte
}

// nextField reads the field that starts at pos.
func nextField(b []byte, pos int) (wireField, error) {
	tag, n := binary.Uvarint(b[pos:])
	if n <= 0 || tag>>3 == 0 {
		return wireField{}, errWire
	}
	f := wireField{number: int(tag >> 3), kind: int(tag & 7), start: pos}
	pos += n
	switch f.kind {
	case 0:
		if _, n = binary.Uvarint(b[pos:]); n <= 0 {
			return f, errWire
		}
		f.end = pos + n
	case 1:
		f.end = pos + 8
	case bytesType:
		size, n := binary.Uvarint(b[pos:])
		if n <= 0 || size > uint64(len(b)-pos-n) {
			return f, errWire
		}
		f.end = pos + n + int(size)
		f.body = b[pos+n : f.end]
	case 5:
		f.end = pos + 4
	default:
		return f, errWire
	}
	if f.end > len(b) {
		return f, errWire
	}
	return f, nil
}

// envelope is a value taken apart; its slices point into the value.
type envelope struct {
	typeMeta []byte
	raw      []byte
	encoding []byte
}

// openEnvelope takes apart a value that begins with magic.
func openEnvelope(value []byte) (envelope, error) {
	var e envelope
	b := value[len(magic):]
	for pos := 0; pos < len(b); {
		f, err := nextField(b, pos)
		if err != nil {
			return e, err
		}
		pos = f.end
		switch f.number {
		case unknownTypeMeta:
			e.typeMeta = f.body
		case unknownRaw:
			e.raw = f.body
		case unknownEncoding:
			e.encoding = f.body
		}
	}
	return e, nil
}

// rawObject is a raw object with its metadata looked through. The slices
// point into it.
type rawObject struct {
	raw                  []byte
	metaStart, metaEnd   int // of the whole field, tag included
	meta                 []byte
	versionAt, versionTo int // where resourceVersion lies in meta, or would
	name, namespace      []byte
	labels               []label
}

// scanObject looks through the metadata of a raw object.
func scanObject(raw []byte) (rawObject, error) {
	o := rawObject{raw: raw}
	for pos := 0; pos < len(raw); {
		f, err := nextField(raw, pos)
		if err != nil {
			return o, err
		}
		if f.number == objectMeta && f.kind == bytesType {
			o.metaStart, o.metaEnd, o.meta = f.start, f.end, f.body
			return o, o.scanMeta()
		}
		pos = f.end
	}
	return o, errors.New("no metadata")
}

func (o *rawObject) scanMeta() error {
	insertAt := -1
	found := false
	for pos := 0; pos < len(o.meta); {
		f, err := nextField(o.meta, pos)
		if err != nil {
			return err
		}
		pos = f.end
		switch f.number {
		case metaName:
			o.name = f.body
		case metaNamespace:
			o.namespace = f.body
		case metaResourceVersion:
			o.versionAt, o.versionTo, found = f.start, f.end, true
		case metaLabels:
			l, err := scanLabel(f.body)
			if err != nil {
				return err
			}
			o.labels = append(o.labels, l)
		}
		if f.number > metaResourceVersion && insertAt < 0 {
			insertAt = f.start
		}
	}
	if !found {
		if insertAt < 0 {
			insertAt = len(o.meta)
		}
		o.versionAt, o.versionTo = insertAt, insertAt
	}
	return nil
}

// scanLabel reads an entry of a map<string,string>.
func scanLabel(b []byte) (label, error) {
	var key, value []byte
	for pos := 0; pos < len(b); {
		f, err := nextField(b, pos)
		if err != nil {
			return label{}, err
		}
		pos = f.end
		switch f.number {
		case 1:
			key = f.body
		case 2:
			value = f.body
		}
	}
	return makeLabel(key, value), nil
}

// seal writes the object into a new envelope with the resourceVersion given;
// 0 leaves it empty, as it is in etcd. typeMeta is the encoded TypeMeta.
func (o *rawObject) seal(typeMeta []byte, revision int64) []byte {
	var digits [20]byte
	version := digits[:0]
	if revision != 0 {
		version = strconv.AppendInt(version, revision, 10)
	}
	metaLen := len(o.meta) - (o.versionTo - o.versionAt) + 2 + len(version)
	rawLen := len(o.raw) - (o.metaEnd - o.metaStart) + 1 + uvarintLen(metaLen) + metaLen
	size := len(magic) + 1 + uvarintLen(len(typeMeta)) + len(typeMeta) + 1 + uvarintLen(rawLen) + rawLen + 4

	b := make([]byte, 0, size)
	b = append(b, magic...)
	b = appendBytes(b, unknownTypeMeta, len(typeMeta))
	b = append(b, typeMeta...)
	b = appendBytes(b, unknownRaw, rawLen)
	b = append(b, o.raw[:o.metaStart]...)
	b = appendBytes(b, objectMeta, metaLen)
	b = append(b, o.meta[:o.versionAt]...)
	b = append(b, resourceVersionTag, byte(len(version)))
	b = append(b, version...)
	b = append(b, o.meta[o.versionTo:]...)
	b = append(b, o.raw[o.metaEnd:]...)
	return append(b, unknownEncoding<<3|bytesType, 0, 4<<3|bytesType, 0)
}

// encodeTypeMeta is the protobuf of a TypeMeta.
func encodeTypeMeta(apiVersion, kind string) []byte {
	b := appendBytes(nil, 1, len(apiVersion))
	b = append(b, apiVersion...)
	b = appendBytes(b, 2, len(kind))
	return append(b, kind...)
}

// appendBytes appends the tag and the length of a field of bytesType.
func appendBytes(b []byte, number, size int) []byte {
	return binary.AppendUvarint(append(b, byte(number<<3|bytesType)), uint64(size))
}

func uvarintLen(n int) int {
	size := 1
	for n >= 0x80 {
		n >>= 7
		size++
	}
	return size
}
