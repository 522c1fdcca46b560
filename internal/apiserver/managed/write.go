package managed

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
)

// writer writes a set; ok is false once it met what it cannot write.
type writer struct {
	b  []byte
	ok bool
}

// begin writes the name of a member.
func (w *writer) begin(path string) {
	w.separate()
	w.b = append(w.b, path...)
}

func (w *writer) separate() {
	if n := len(w.b); n > 0 && w.b[n-1] != '{' {
		w.b = append(w.b, ',')
	}
}

// leaf writes a member that owns nothing but itself.
func (w *writer) leaf(path string) {
	w.begin(path)
	w.b = append(w.b, "{}"...)
}

// added writes a value that an empty object has not.
func (w *writer) added(path string, s *shape, v reflect.Value) {
	v = deref(v)
	if s.kind == leaf || isNull(v) {
		w.leaf(path)
		return
	}
	w.begin(path)
	w.b = append(w.b, '{')
	empty := len(w.b)
	w.b = append(w.b, `".":{}`...)
	self := len(w.b)
	w.items(s, v)
	if len(w.b) == self {
		w.b = w.b[:empty]
	}
	w.b = append(w.b, '}')
}

func deref(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v
}

func isNull(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// items writes what is in a value that is not null, all of which is new.
func (w *writer) items(s *shape, v reflect.Value) {
	switch s.kind {
	case structure:
		for i := range s.fields {
			if f := &s.fields[i]; !f.CanOmit(f.GetFrom(v)) {
				w.added(f.path, f.shape, f.GetFrom(v))
			}
		}
	case mapping:
		w.entries(s, v)
	case set:
		w.members(v)
	case list:
		w.keyed(s, v)
	}
}

func (w *writer) entries(s *shape, v reflect.Value) {
	names := keysOf(v)
	slices.Sort(names)
	for _, name := range names {
		w.plain(name)
		path := `"f:` + name + `":`
		if s.elem.kind == leaf {
			w.leaf(path)
			continue
		}
		w.added(path, s.elem, v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key())))
	}
}

func (w *writer) members(v reflect.Value) {
	all := make([]string, v.Len())
	for i := range all {
		all[i] = v.Index(i).String()
		w.plain(all[i])
	}
	slices.Sort(all)
	for _, one := range slices.Compact(all) {
		w.leaf(memberPath(one))
	}
}

func memberPath(member string) string { return `"v:\"` + member + `\"":` }

func keysOf(m reflect.Value) []string {
	names := make([]string, 0, m.Len())
	for all := m.MapRange(); all.Next(); {
		names = append(names, all.Key().String())
	}
	return names
}

// item is one of a list, with the values of its keys.
type item struct {
	at   int
	keys [maxKeys]part
	n    int
}

type part struct {
	name   string
	text   string
	number int64
	isText bool
}

func (w *writer) keyed(s *shape, v reflect.Value) {
	items := w.told(s, v)
	for i := 0; i < len(items); {
		same := i + 1
		for same < len(items) && compareItems(items[i], items[same]) == 0 {
			same++
		}
		if path := items[i].path(); same > i+1 {
			w.leaf(path) // several items with the same keys belong together
		} else {
			w.added(path, s.elem, v.Index(items[i].at))
		}
		i = same
	}
}

// told are the items of a list, in the order of their keys.
func (w *writer) told(s *shape, v reflect.Value) []item {
	items := make([]item, v.Len())
	for i := range items {
		items[i].at = i
		w.tell(&items[i], s, v.Index(i))
	}
	slices.SortFunc(items, compareItems)
	return items
}

// tell finds the keys of an item.
func (w *writer) tell(it *item, s *shape, v reflect.Value) {
	for i := range s.keys {
		k := &s.keys[i]
		p := part{name: k.JsonName}
		at := k.GetFrom(v)
		if k.CanOmit(at) {
			at = reflect.ValueOf(k.missing)
		}
		switch at = deref(at); {
		case !at.IsValid():
			continue // not set, and nothing stands for it
		case at.Kind() == reflect.String:
			p.text, p.isText = at.String(), true
		case at.CanInt():
			p.number = at.Int()
		default: // null
			w.ok = false
			return
		}
		w.plain(p.text)
		it.keys[it.n] = p
		it.n++
	}
	w.ok = w.ok && it.n > 0
}

func compareItems(a, b item) int {
	for i := range min(a.n, b.n) {
		if order := compareParts(a.keys[i], b.keys[i]); order != 0 {
			return order
		}
	}
	return cmp.Compare(a.n, b.n)
}

func compareParts(p, q part) int {
	return cmp.Or(cmp.Compare(p.name, q.name), cmp.Compare(p.number, q.number), cmp.Compare(p.text, q.text))
}

// path is how the item is written: an object in JSON, inside a string.
func (it *item) path() string {
	b := make([]byte, 0, 128)
	b = append(b, `"k:{`...)
	for i, p := range it.keys[:it.n] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `\"`...)
		b = append(b, p.name...)
		b = append(b, `\":`...)
		if p.isText {
			b = append(b, `\"`...)
			b = append(b, p.text...)
			b = append(b, `\"`...)
		} else {
			b = strconv.AppendInt(b, p.number, 10)
		}
	}
	return string(append(b, `}":`...))
}

// plain notes if a string is not written as it is, twice over.
func (w *writer) plain(s string) {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			w.ok = false
			return
		}
	}
}
