package managed

import (
	"bytes"
	"reflect"
	"slices"
	"sync"

	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// Change is how one state of an object differs from another: sets of fields
// (see Union), which have no field in common.
type Change struct {
	Set     []byte // those that are new or have another value
	Removed []byte
}

// Change compares two states of an object, pointers to structs of the shape's
// type; no object, nil, has what an empty one has. It reports false for objects
// of other types, and for what it cannot write: strings that need escapes, items
// of lists that have no key, and those that have the same keys in both states.
func (s *Shape) Change(before, after any) (Change, bool) {
	set, removed := spaces.Get().(*space), spaces.Get().(*space)
	c := comparison{set: writer{b: set[:0], ok: true}, removed: writer{b: removed[:0], ok: true}}
	defer spaces.Put(set)
	defer spaces.Put(removed)
	was, is := s.zero, reflect.ValueOf(after).Elem()
	if before != nil {
		was = reflect.ValueOf(before).Elem()
	}
	if was.Type() != s.zero.Type() || is.Type() != s.zero.Type() {
		return Change{}, false
	}
	c.fields("", s.root, was, is)
	return Change{Set: bytes.Clone(c.set.b), Removed: bytes.Clone(c.removed.b)}, c.set.ok && c.removed.ok
}

// space is where sets are written first, so that what is kept is no larger
// than it has to be, and made once. Those that do not fit grow elsewhere.
type space [4 << 10]byte

var spaces = sync.Pool{New: func() any { return new(space) }}

type comparison struct{ set, removed writer }

// within calls f, which compares what is in a member. The member is written
// where f writes something.
func (c *comparison) within(path string, f func()) {
	endSet, endRemoved := c.set.open(path), c.removed.open(path)
	f()
	endSet()
	endRemoved()
}

// open begins a member; the function that it returns ends it, or takes it
// back if nothing was written in it.
func (w *writer) open(path string) (end func()) {
	before := len(w.b)
	w.begin(path)
	w.b = append(w.b, '{')
	empty := len(w.b)
	return func() {
		if len(w.b) == empty {
			w.b = w.b[:before]
		} else {
			w.b = append(w.b, '}')
		}
	}
}

func (c *comparison) fields(path string, s *shape, a, b reflect.Value) {
	c.within(path, func() {
		for i := range s.fields {
			f := &s.fields[i]
			was, is := f.GetFrom(a), f.GetFrom(b)
			c.either(f.path, f.shape, was, is, !f.CanOmit(was), !f.CanOmit(is))
		}
	})
}

// either compares what may be on one side alone.
func (c *comparison) either(path string, s *shape, a, b reflect.Value, hasA, hasB bool) {
	switch {
	case hasA && hasB:
		c.both(path, s, deref(a), deref(b))
	case hasA:
		c.removed.added(path, s, a)
	case hasB:
		c.set.added(path, s, b)
	}
}

// both compares two values. Null is another value than an empty one.
func (c *comparison) both(path string, s *shape, a, b reflect.Value) {
	nullA, nullB := isNull(a), isNull(b)
	switch {
	case nullA && nullB:
	case s.kind == leaf:
		if nullA != nullB || !equal(a, b) {
			c.set.leaf(path)
		}
	case nullA:
		c.set.begin(path)
		c.set.b = append(c.set.b, '{')
		c.set.items(s, b)
		c.set.b = append(c.set.b, '}')
	case nullB:
		before := len(c.removed.b)
		end := c.removed.open(path)
		c.removed.items(s, a)
		if end(); len(c.removed.b) == before {
			c.set.leaf(path)
		}
	case s.kind == structure:
		c.fields(path, s, a, b)
	case s.kind == mapping:
		c.within(path, func() { c.entries(s, a, b) })
	case s.kind == set:
		c.within(path, func() { c.members(a, b) })
	case s.kind == list:
		c.within(path, func() { c.keyed(s, a, b) })
	}
}

// equal compares leaves that are not null.
func equal(a, b reflect.Value) bool {
	switch {
	case a.Kind() == reflect.String:
		return a.String() == b.String()
	case a.Kind() == reflect.Bool:
		return a.Bool() == b.Bool()
	case a.CanInt():
		return a.Int() == b.Int()
	}
	return sameInJSON(a, b)
}

// sameInJSON reports whether two values are the same in JSON. What cannot be
// said in JSON is the same as nothing.
func sameInJSON(a, b reflect.Value) bool {
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return true
	}
	was, err := value.NewValueReflect(pointerTo(a))
	if err != nil {
		return false
	}
	is, err := value.NewValueReflect(pointerTo(b))
	return err == nil && value.Equals(was, is)
}

func pointerTo(v reflect.Value) any {
	if v.CanAddr() {
		return v.Addr().Interface()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p.Interface()
}

func (c *comparison) entries(s *shape, a, b reflect.Value) {
	names := append(keysOf(a), keysOf(b)...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		c.set.plain(name)
		key := reflect.ValueOf(name).Convert(a.Type().Key())
		was, is := a.MapIndex(key), b.MapIndex(key)
		c.either(`"f:`+name+`":`, s.elem, was, is, was.IsValid(), is.IsValid())
	}
}

func (c *comparison) members(a, b reflect.Value) {
	was, is := c.set.strings(a), c.set.strings(b)
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(is) == 0 || len(was) > 0 && was[0] < is[0]:
			c.removed.leaf(memberPath(was[0]))
			was = was[1:]
		case len(was) == 0 || is[0] < was[0]:
			c.set.leaf(memberPath(is[0]))
			is = is[1:]
		default:
			was, is = was[1:], is[1:]
		}
	}
}

// strings are the members of a set in order. Each must be there once.
func (w *writer) strings(v reflect.Value) []string {
	all := make([]string, v.Len())
	for i := range all {
		all[i] = v.Index(i).String()
		w.plain(all[i])
	}
	slices.Sort(all)
	if n := len(all); len(slices.Compact(all)) < n {
		w.ok = false
	}
	return all
}

func (c *comparison) keyed(s *shape, a, b reflect.Value) {
	was, is := c.set.sorted(s, a), c.set.sorted(s, b)
	for len(was) > 0 || len(is) > 0 {
		order := 0
		switch {
		case len(is) == 0:
			order = -1
		case len(was) == 0:
			order = 1
		default:
			order = compareItems(was[0], is[0])
		}
		switch {
		case order < 0:
			c.removed.added(was[0].path(), s.elem, a.Index(was[0].at))
		case order > 0:
			c.set.added(is[0].path(), s.elem, b.Index(is[0].at))
		default:
			c.both(was[0].path(), s.elem, deref(a.Index(was[0].at)), deref(b.Index(is[0].at)))
		}
		if order <= 0 {
			was = was[1:]
		}
		if order >= 0 {
			is = is[1:]
		}
	}
}

// sorted are the items of a list in the order of their keys. Each must have
// others.
func (w *writer) sorted(s *shape, v reflect.Value) []item {
	items := w.told(s, v)
	for i := 1; i < len(items); i++ {
		if compareItems(items[i-1], items[i]) == 0 {
			w.ok = false
		}
	}
	return items
}
