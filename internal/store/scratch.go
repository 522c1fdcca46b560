package store

import (
	"reflect"
	"unsafe"

	"skiff/internal/api"
	"skiff/internal/wirejson"
)

// Scratch is room for one object, which is used again and again by those who
// look at many items, one after the other, and how the last was written. The
// zero value is ready for use; it serves one goroutine.
type Scratch struct {
	codec *codec
	obj   api.Object
	lists []sliceHeader

	written wirejson.Form
}

// sliceHeader is a Go slice as it lies in memory.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// empty is the scratch's object as it was made, but for the room of its lists:
// that of a pod's containers is larger than the pod.
func (s *Scratch) empty(c *codec) api.Object {
	if s.codec != c {
		s.codec, s.obj = c, c.resource.New()
		return s.obj
	}
	v := reflect.ValueOf(s.obj)
	base := v.UnsafePointer()
	offsets := c.lists()
	s.lists = s.lists[:0]
	for _, at := range offsets {
		l := *(*sliceHeader)(unsafe.Add(base, at))
		s.lists = append(s.lists, sliceHeader{data: l.data, cap: l.cap})
	}
	v.Elem().SetZero()
	for n, at := range offsets {
		if s.lists[n].cap > 0 {
			*(*sliceHeader)(unsafe.Add(base, at)) = s.lists[n]
		}
	}
	return s.obj
}

// listsIn appends where lists of structs lie in a struct. Decoding appends to
// them, and clears an element before it fills it.
func listsIn(t reflect.Type, base uintptr, offsets []uintptr) []uintptr {
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Type.Kind() == reflect.Struct:
			offsets = listsIn(f.Type, base+f.Offset, offsets)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			offsets = append(offsets, base+f.Offset)
		}
	}
	return offsets
}
