package tagproto

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
)

// Unmarshal reads a message into the struct that into points to. Fields that it
// does not know are passed over.
func Unmarshal(data []byte, into any) error { return readStruct(data, reflect.ValueOf(into).Elem(), 0) }

// maxDepth is how deep messages may be nested, as in other decoders of
// protobuf: types that contain themselves must not use up the stack.
const maxDepth = 10000

func readStruct(data []byte, v reflect.Value, depth int) error {
	if depth > maxDepth {
		return errWire
	}
	fields := map[int]reflect.Value{}
	for i := range v.NumField() {
		if n := number(v.Type().Field(i)); n > 0 {
			fields[n] = v.Field(i)
		}
	}
	return each(data, func(n, wire int, value uint64, body []byte) error {
		f, known := fields[n]
		if !known {
			return nil
		}
		return read(f, wire, value, body, depth)
	})
}

// each calls f with every field of a message: with its value when it is a
// number, with its body when it has one.
func each(data []byte, f func(n, wire int, value uint64, body []byte) error) error {
	for len(data) > 0 {
		tag, size := binary.Uvarint(data)
		if size <= 0 || tag>>3 == 0 {
			return errWire
		}
		data = data[size:]
		wire, value, body := int(tag&7), uint64(0), []byte(nil)
		switch wire {
		case varint:
			if value, size = binary.Uvarint(data); size <= 0 {
				return errWire
			}
		case fixed64:
			if size = 8; len(data) < size {
				return errWire
			}
			value = binary.LittleEndian.Uint64(data)
		case fixed32:
			if size = 4; len(data) < size {
				return errWire
			}
			value = uint64(binary.LittleEndian.Uint32(data))
		case bytes:
			length, head := binary.Uvarint(data)
			if head <= 0 || length > uint64(len(data)-head) {
				return errWire
			}
			size = head + int(length)
			body = data[head:size]
		default:
			return errWire
		}
		data = data[size:]
		if err := f(int(tag>>3), wire, value, body); err != nil {
			return err
		}
	}
	return nil
}

func read(v reflect.Value, wire int, value uint64, body []byte, depth int) error {
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		v.Set(fresh)
		return read(fresh.Elem(), wire, value, body, depth)
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			element := reflect.New(v.Type().Elem()).Elem()
			err := read(element, wire, value, body, depth)
			v.Set(reflect.Append(v, element))
			return err
		}
	case reflect.Bool, reflect.Int32, reflect.Int64:
		if wire != varint {
			return errWire
		}
		if v.Kind() == reflect.Bool {
			v.SetBool(value != 0)
		} else {
			v.SetInt(int64(value))
		}
		return nil
	case reflect.Float64:
		if wire != fixed64 {
			return errWire
		}
		v.SetFloat(math.Float64frombits(value))
		return nil
	}
	if wire != bytes {
		return errWire
	}
	return readBody(v, body, depth)
}

func readBody(v reflect.Value, body []byte, depth int) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(string(body))
	case reflect.Struct:
		if u, ok := v.Addr().Interface().(unmarshaler); ok {
			return u.Unmarshal(body)
		}
		return readStruct(body, v, depth+1)
	case reflect.Slice:
		v.SetBytes(append([]byte{}, body...)) // of bytes; read has taken the others
	case reflect.Map:
		return readEntry(v, body, depth)
	default:
		return fmt.Errorf("%s has no protobuf form", v.Type())
	}
	return nil
}

func readEntry(m reflect.Value, body []byte, depth int) error {
	key, element := reflect.New(m.Type().Key()).Elem(), reflect.New(m.Type().Elem()).Elem()
	err := each(body, func(n, wire int, value uint64, body []byte) error {
		switch n {
		case 1:
			return read(key, wire, value, body, depth)
		case 2:
			return read(element, wire, value, body, depth)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if m.IsNil() {
		m.Set(reflect.MakeMap(m.Type()))
	}
	m.SetMapIndex(key, element)
	return nil
}
