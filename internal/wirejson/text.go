package wirejson

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// begin begins a member of an object whose members begin at start. Nearly all
// keys are short, and copied as two registers whatever their length.
func (f *field) begin(dst []byte, start int) []byte {
	n := len(dst)
	if n == start {
		return append(dst, f.key[1:]...)
	}
	if len(f.key) > len(f.short) || cap(dst)-n < len(f.short) {
		return append(dst, f.key...)
	}
	*(*[len(f.short)]byte)(dst[n : n+len(f.short)]) = f.short
	return dst[:n+len(f.key)]
}

// AppendString appends text as a JSON string. Most text needs no escaping:
// it is looked at and copied eight bytes at a time.
func AppendString(dst, text []byte) []byte {
	n := len(dst)
	if cap(dst)-n < len(text)+2 {
		dst = slices.Grow(dst, len(text)+2)
	}
	out := dst[n : n+len(text)+2]
	if !copyPlain(out[1:], text) {
		return append(appendEscaped(append(dst, '"'), string(text)), '"')
	}
	out[0], out[len(out)-1] = '"', '"'
	return dst[:n+len(out)]
}

// copyPlain copies text that can stand in a JSON string as it is; false when
// it cannot, or may not. dst has room for it.
func copyPlain(dst, text []byte) bool {
	if len(text) < 8 {
		return copyFew(dst, text)
	}
	dst = dst[:len(text)]
	last, end := text[len(text)-8:], dst[len(dst)-8:]
	for len(text) > 8 {
		v := binary.LittleEndian.Uint64(text)
		if !isPlain(v) {
			return false
		}
		binary.LittleEndian.PutUint64(dst, v)
		text, dst = text[8:], dst[8:]
	}
	v := binary.LittleEndian.Uint64(last)
	binary.LittleEndian.PutUint64(end, v)
	return isPlain(v)
}

func copyFew(dst, text []byte) bool {
	dst = dst[:len(text)]
	for i, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
		dst[i] = c
	}
	return true
}

// Eight bytes with the same value in each.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// isPlain says whether eight bytes of text can stand in a JSON string as they
// are. It may say no where the answer is yes.
func isPlain(v uint64) bool {
	quote, back := v^(ones*'"'), v^(ones*'\\')
	return (v|(v-ones*' ')|(quote-ones)|(back-ones))&highs == 0
}

const hex = "0123456789abcdef"

// appendEscaped appends text with what JSON strings cannot hold escaped. What
// is not UTF-8 becomes U+FFFD, as encoding/json has it.
func appendEscaped(dst []byte, text string) []byte {
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r < ' ' || r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
