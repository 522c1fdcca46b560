package wirejson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

func appendText(dst []byte, f wire) ([]byte, error) {
	if f.kind != bytesType {
		return dst, errWire
	}
	return AppendString(dst, f.body), nil
}

func appendBool(dst []byte, f wire) ([]byte, error) {
	if f.kind != varintType {
		return dst, errWire
	}
	return strconv.AppendBool(dst, f.varint() != 0), nil
}

func appendInt(dst []byte, f wire) ([]byte, error) {
	if f.kind != varintType {
		return dst, errWire
	}
	return strconv.AppendInt(dst, int64(f.varint()), 10), nil
}

func appendBase64(dst []byte, f wire) ([]byte, error) {
	if f.kind != bytesType {
		return dst, errWire
	}
	dst = append(dst, '"')
	return append(base64.StdEncoding.AppendEncode(dst, f.body), '"'), nil
}

// member finds a field of a small message that stands for one value.
func member(message []byte, number int) (f wire, found bool, err error) {
	for len(message) > 0 {
		n, one, rest := cut(message)
		if one.kind == damaged {
			return f, found, errWire
		}
		if n == number {
			f, found = one, true
		}
		message = rest
	}
	return f, found, nil
}

// appendTime writes a metav1.Time: whole seconds, and null when it is not set.
func appendTime(dst []byte, f wire) ([]byte, error) {
	if f.kind != bytesType {
		return dst, errWire
	}
	if len(f.body) == 0 {
		return append(dst, "null"...), nil
	}
	seconds, _, err := member(f.body, 1)
	if err != nil {
		return dst, err
	}
	dst = time.Unix(int64(seconds.varint()), 0).UTC().AppendFormat(append(dst, '"'), time.RFC3339)
	return append(dst, '"'), nil
}

// appendRaw writes what is JSON already, on one line.
func appendRaw(dst []byte, f wire) ([]byte, error) {
	raw, found, err := member(f.body, 1)
	switch {
	case err != nil || f.kind != bytesType:
		return dst, errWire
	case !found:
		return append(dst, "null"...), nil
	case len(raw.body) == 0 || raw.body[0] != '{':
		return dst, errWire // binary, or not what it should be: decoding tells
	case !hasSpace(raw.body):
		return append(dst, raw.body...), nil
	}
	buf := bytes.NewBuffer(dst)
	err = json.Compact(buf, raw.body)
	return buf.Bytes(), err
}

// hasSpace says whether there may be anything to take out.
func hasSpace(b []byte) bool {
	for _, c := range [...]byte{' ', '\n', '\t', '\r'} {
		if bytes.IndexByte(b, c) >= 0 {
			return true
		}
	}
	return false
}

// appendQuantity trusts the stored form, which is the canonical one.
func appendQuantity(dst []byte, f wire) ([]byte, error) {
	text, _, err := member(f.body, 1)
	if err != nil || f.kind != bytesType || len(text.body) == 0 {
		return dst, errWire
	}
	return AppendString(dst, text.body), nil
}

func appendIntOrString(dst []byte, f wire) ([]byte, error) {
	kind, _, err := member(f.body, 1)
	if err != nil || f.kind != bytesType {
		return dst, errWire
	}
	number := 2
	if kind.varint() == 1 {
		number = 3
	}
	content, _, err := member(f.body, number)
	if err != nil {
		return dst, err
	}
	if number == 3 {
		return AppendString(dst, content.body), nil
	}
	return strconv.AppendInt(dst, int64(int32(content.varint())), 10), nil
}

// decoded writes a value by decoding it, for types that are rare.
func decoded(t reflect.Type) func([]byte, wire) ([]byte, error) {
	return func(dst []byte, f wire) ([]byte, error) {
		if f.kind != bytesType {
			return dst, errWire
		}
		v := reflect.New(t)
		if t.Kind() == reflect.Slice {
			v.Elem().Set(reflect.MakeSlice(t, 0, 0)) // empty is not null
		}
		if err := v.Interface().(unmarshaler).Unmarshal(f.body); err != nil {
			return dst, err
		}
		data, err := json.Marshal(v.Interface())
		return append(dst, data...), err
	}
}
