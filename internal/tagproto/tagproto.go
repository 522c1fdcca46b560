// Package tagproto reads and writes Kubernetes' protobuf by the struct tags of
// Go types that have no generated code: kinds whose types are skiff's own, as
// those of APIService are. It is the counterpart of package wirejson, slower
// than generated code and a fraction of its size.
//
// As in generated code, fields that are no pointers are written even when they
// are zero, and what has Marshal and Unmarshal of its own does it itself. It
// holds nothing and does no I/O.
package tagproto

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const (
	varint  = 0
	fixed64 = 1
	bytes   = 2
	fixed32 = 5
)

var errWire = errors.New("protobuf that is damaged")

type marshaler interface{ Marshal() ([]byte, error) }

type unmarshaler interface{ Unmarshal([]byte) error }

// number is a field's number in the message; 0 for one that is not in it.
func number(f reflect.StructField) int {
	parts := strings.Split(f.Tag.Get("protobuf"), ",")
	if len(parts) < 2 {
		return 0
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		panic(fmt.Sprintf("%s has the protobuf tag %q", f.Name, f.Tag.Get("protobuf"))) // a mistake in a type, found by any test of it
	}
	return n
}

// Marshal is the message of the struct that of points to.
func Marshal(of any) ([]byte, error) { return appendStruct(nil, reflect.ValueOf(of).Elem()) }

func appendStruct(b []byte, v reflect.Value) (_ []byte, err error) {
	for i := range v.NumField() {
		if n := number(v.Type().Field(i)); n > 0 {
			if b, err = appendField(b, n, v.Field(i)); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

func appendField(b []byte, n int, v reflect.Value) (_ []byte, err error) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return b, nil
		}
		return appendField(b, n, v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if v.IsNil() {
				return b, nil
			}
			return appendBytes(b, n, v.Bytes()), nil
		}
		for i := range v.Len() {
			if b, err = appendField(b, n, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return b, nil
	case reflect.Map:
		return appendMap(b, n, v)
	case reflect.Struct:
		message, err := messageOf(v)
		return appendBytes(b, n, message), err
	case reflect.String:
		return appendBytes(b, n, []byte(v.String())), nil
	case reflect.Bool:
		on := uint64(0)
		if v.Bool() {
			on = 1
		}
		return binary.AppendUvarint(appendTag(b, n, varint), on), nil
	case reflect.Int32, reflect.Int64:
		return binary.AppendUvarint(appendTag(b, n, varint), uint64(v.Int())), nil
	case reflect.Float64:
		return binary.LittleEndian.AppendUint64(appendTag(b, n, fixed64), math.Float64bits(v.Float())), nil
	}
	return nil, fmt.Errorf("%s has no protobuf form", v.Type())
}

// appendMap writes the entries in the order of their keys, which are strings.
func appendMap(b []byte, n int, v reflect.Value) ([]byte, error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return cmp.Compare(x.String(), y.String()) })
	for _, key := range keys {
		entry, err := appendField(appendBytes(nil, 1, []byte(key.String())), 2, v.MapIndex(key))
		if err != nil {
			return nil, err
		}
		b = appendBytes(b, n, entry)
	}
	return b, nil
}

func messageOf(v reflect.Value) ([]byte, error) {
	if !v.CanAddr() {
		settable := reflect.New(v.Type()).Elem()
		settable.Set(v)
		v = settable
	}
	if m, ok := v.Addr().Interface().(marshaler); ok {
		return m.Marshal()
	}
	return appendStruct(nil, v)
}

func appendTag(b []byte, n, wire int) []byte {
	return binary.AppendUvarint(b, uint64(n)<<3|uint64(wire))
}

func appendBytes(b []byte, n int, data []byte) []byte {
	return append(binary.AppendUvarint(appendTag(b, n, bytes), uint64(len(data))), data...)
}
