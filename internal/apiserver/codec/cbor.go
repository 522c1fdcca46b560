package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// CBOR (RFC 8949) is written from the JSON of a document, in one pass and
// without decoding it, as Kubernetes writes CBOR: text and names are byte
// strings, so that a client can read a base64 text into bytes; numbers keep
// being whole or not. Maps and lists carry their lengths, but for the items of
// a list of objects, which are not counted before they are sent.

// CBORPrefix is the tag "self-described CBOR" that a document begins with.
const CBORPrefix = "\xd9\xd9\xf7"

// Heads of CBOR items: the major type in the upper three bits.
const (
	cborUnsigned = 0 << 5
	cborNegative = 1 << 5
	cborBytes    = 2 << 5
	cborList     = 4 << 5
	cborMap      = 5 << 5

	cborFalse   = 0xf4
	cborTrue    = 0xf5
	cborNull    = 0xf6
	cborFloat64 = 0xfb

	// CBOROpenList begins a list that is not counted, and CBOREnd ends it.
	CBOROpenList = 0x9f
	CBOREnd      = 0xff
)

var errNotJSON = errors.New("damaged JSON")

// maxDepth is how deep JSON may be nested; encoding/json has the same limit.
const maxDepth = 10000

// AppendCBOR appends a JSON value as CBOR, without the prefix.
func AppendCBOR(dst, doc []byte) ([]byte, error) {
	t := transcoder{out: dst, in: doc}
	if err := t.value(0); err != nil {
		return dst, err
	}
	if t.skipSpace(); t.at != len(doc) {
		return dst, errNotJSON
	}
	return t.out, nil
}

// AppendCBORMap appends the head of a map of n members.
func AppendCBORMap(dst []byte, n int) []byte { return appendHead(dst, cborMap, uint64(n)) }

// AppendCBORString appends a text.
func AppendCBORString(dst []byte, text string) []byte {
	return append(appendHead(dst, cborBytes, uint64(len(text))), text...)
}

// appendHead appends a major type with its number, in the shortest form.
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

// transcoder reads JSON and appends CBOR.
type transcoder struct {
	out, in []byte
	at      int
	plain   []byte // the last text that had escapes in it
}

func (t *transcoder) skipSpace() {
	for t.at < len(t.in) {
		switch t.in[t.at] {
		case ' ', '\n', '\t', '\r':
			t.at++
		default:
			return
		}
	}
}

// take says whether c comes next, and goes past it.
func (t *transcoder) take(c byte) bool {
	t.skipSpace()
	if t.at < len(t.in) && t.in[t.at] == c {
		t.at++
		return true
	}
	return false
}

func (t *transcoder) value(depth int) error {
	if t.skipSpace(); t.at == len(t.in) || depth > maxDepth {
		return errNotJSON
	}
	switch t.in[t.at] {
	case '{':
		return t.members(cborMap, '}', depth)
	case '[':
		return t.members(cborList, ']', depth)
	case '"':
		return t.text()
	}
	return t.scalar()
}

// members writes an object or a list. How many members it has shows at its
// end; most have so few that their head is the one byte kept for it.
func (t *transcoder) members(major, end byte, depth int) error {
	t.at++
	head, n := len(t.out), 0
	t.out = append(t.out, 0)
	for !t.take(end) {
		if n > 0 && !t.take(',') {
			return errNotJSON
		}
		if major == cborMap {
			if t.skipSpace(); t.at == len(t.in) || t.in[t.at] != '"' {
				return errNotJSON
			}
			if err := t.text(); err != nil {
				return err
			}
			if !t.take(':') {
				return errNotJSON
			}
		}
		if err := t.value(depth + 1); err != nil {
			return err
		}
		n++
	}
	var room [9]byte
	whole := appendHead(room[:0], major, uint64(n))
	t.out = append(t.out, whole[1:]...)
	copy(t.out[head+len(whole):], t.out[head+1:])
	copy(t.out[head:], whole)
	return nil
}

// text writes a string.
func (t *transcoder) text() error {
	start := t.at + 1
	rest := t.in[start:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return errNotJSON
	}
	if bytes.IndexByte(rest[:end], '\\') < 0 {
		t.out = append(appendHead(t.out, cborBytes, uint64(end)), rest[:end]...)
		t.at = start + end + 1
		return nil
	}
	plain, n, err := unescape(t.plain[:0], rest)
	t.plain = plain
	t.out = append(appendHead(t.out, cborBytes, uint64(len(plain))), plain...)
	t.at = start + n
	return err
}

// scalar writes a number, true, false or null.
func (t *transcoder) scalar() error {
	end := t.at
	for end < len(t.in) && !bytes.ContainsRune([]byte(",}] \n\t\r"), rune(t.in[end])) {
		end++
	}
	word := string(t.in[t.at:end])
	t.at = end
	switch word {
	case "null":
		t.out = append(t.out, cborNull)
		return nil
	case "true":
		t.out = append(t.out, cborTrue)
		return nil
	case "false":
		t.out = append(t.out, cborFalse)
		return nil
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		if n < 0 {
			t.out = appendHead(t.out, cborNegative, uint64(-1-n))
		} else {
			t.out = appendHead(t.out, cborUnsigned, uint64(n))
		}
		return nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return errNotJSON
	}
	t.out = binary.BigEndian.AppendUint64(append(t.out, cborFloat64), math.Float64bits(f))
	return nil
}

// short are the escapes of one letter.
var short = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape appends the text of a JSON string whose opening quote is gone, and
// says how long it was with its closing quote.
func unescape(dst, b []byte) ([]byte, int, error) {
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c == '"':
			return dst, i + 1, nil
		case c != '\\':
			dst = append(dst, c)
			i++
		case i+1 < len(b) && short[b[i+1]] != 0:
			dst = append(dst, short[b[i+1]])
			i += 2
		default:
			r, ok := escapedRune(b[i:])
			if !ok {
				return dst, i, errNotJSON
			}
			i += 6
			if utf16.IsSurrogate(r) {
				low, _ := escapedRune(b[i:])
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst, len(b), errNotJSON
}

// escapedRune reads \uXXXX.
func escapedRune(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}
