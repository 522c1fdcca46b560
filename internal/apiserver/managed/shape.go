package managed

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// Shape is what a Go type and its schema say of the fields of its objects.
type Shape struct {
	root *shape
	zero reflect.Value // an empty object
}

// Compile makes the shape of a struct type. The fields left out, by their
// dotted names, are written for no object. It fails for types whose fields
// depend on more than type and schema.
func Compile(t reflect.Type, types *schema.Schema, ref schema.TypeRef, leftOut ...string) (*Shape, error) {
	c := compiler{types: types, known: map[compiled]*shape{}, root: t, leftOut: leftOut}
	root, err := c.shape(t, ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	if root.kind != structure {
		return nil, fmt.Errorf("%s is no struct", t)
	}
	for _, name := range leftOut {
		root = root.without(strings.Split(name, "."))
	}
	return &Shape{root, reflect.New(t).Elem()}, nil
}

// kind says of what a value's fields consist.
type kind int

const (
	leaf      kind = iota // of nothing else: scalars, and what has one owner as a whole
	structure             // of those of the struct
	mapping               // of the map's keys
	set                   // of the list's items, which are scalars
	list                  // of the list's items, told apart by keys
)

type shape struct {
	kind   kind
	fields []field // of a structure, in the order of their names
	elem   *shape  // of a mapping or a list
	keys   []key   // of a list, in the order of their names
}

type field struct {
	*value.FieldCacheEntry
	path  string // as it is written
	shape *shape
}

// key is a field by which items of a list are told apart.
type key struct {
	*value.FieldCacheEntry
	missing any // what it counts as where it is not set: nil, a string or an int64
}

// maxKeys is as many as any list in Kubernetes has.
const maxKeys = 4

type compiler struct {
	types *schema.Schema
	known map[compiled]*shape // those that contain themselves, too

	root    reflect.Type // of which these are left out
	leftOut []string
}

type compiled struct {
	t    reflect.Type
	name string
}

func (c *compiler) shape(t reflect.Type, ref schema.TypeRef) (*shape, error) {
	id := compiled{t: t}
	if ref.NamedType != nil && ref.ElementRelationship == nil {
		id.name = *ref.NamedType
		if s := c.known[id]; s != nil {
			return s, nil
		}
	}
	atom, ok := c.types.Resolve(ref)
	if !ok {
		return nil, fmt.Errorf("%s has no schema", t)
	}
	s := &shape{}
	if id.name != "" {
		c.known[id] = s
	}
	return s, c.fill(s, t, atom)
}

func (c *compiler) fill(s *shape, t reflect.Type, atom schema.Atom) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if entry := value.TypeReflectEntryOf(t); entry.CanConvertToUnstructured() {
		if atom.Scalar == nil || atom.Map != nil || atom.List != nil {
			return fmt.Errorf("a %s may be anything", t)
		}
		return nil
	}
	switch isBytes := t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8; {
	case t.Kind() == reflect.Struct && atom.Map != nil:
		return c.fillStruct(s, t, atom.Map)
	case t.Kind() == reflect.Map && atom.Map != nil && t.Key().Kind() == reflect.String:
		return c.fillMap(s, t, atom.Map)
	case t.Kind() == reflect.Slice && !isBytes && atom.List != nil:
		return c.fillList(s, t, atom.List)
	case atom.Scalar != nil && (isBytes || isScalar(t)):
		return nil
	}
	return fmt.Errorf("%s is not as its schema says", t)
}

func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64:
		return true
	}
	return isInteger(t)
}

func isInteger(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return true
	}
	return false
}

func (c *compiler) fillStruct(s *shape, t reflect.Type, m *schema.Map) error {
	if m.ElementRelationship == schema.Atomic {
		return nil
	}
	s.kind = structure
	zero := reflect.New(t).Elem()
	for _, entry := range value.TypeReflectEntryOf(t).OrderedFields() {
		if t == c.root && slices.Contains(c.leftOut, entry.JsonName) {
			continue
		}
		described, ok := m.FindField(entry.JsonName)
		if !ok {
			return fmt.Errorf("%s.%s is not in the schema", t, entry.JsonName)
		}
		at := entry.GetFrom(zero)
		shape, err := c.shape(at.Type(), described.Type)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, entry.JsonName, err)
		}
		s.fields = append(s.fields, field{
			FieldCacheEntry: entry, shape: shape,
			path: `"f:` + entry.JsonName + `":`,
		})
	}
	return nil
}

func (c *compiler) fillMap(s *shape, t reflect.Type, m *schema.Map) (err error) {
	if m.ElementRelationship == schema.Atomic {
		return nil
	}
	s.kind = mapping
	s.elem, err = c.shape(t.Elem(), m.ElementType)
	return err
}

func (c *compiler) fillList(s *shape, t reflect.Type, l *schema.List) (err error) {
	switch {
	case l.ElementRelationship == schema.Atomic:
		return nil
	case l.ElementRelationship != schema.Associative:
		return fmt.Errorf("%s is a list of unknown kind", t)
	case len(l.Keys) > maxKeys:
		return fmt.Errorf("%s has too many keys", t)
	}
	s.elem, err = c.shape(t.Elem(), l.ElementType)
	if err != nil {
		return err
	}
	if len(l.Keys) == 0 {
		s.kind = set
		if s.elem.kind != leaf || t.Elem().Kind() != reflect.String {
			return fmt.Errorf("%s is a set of other than strings", t)
		}
		return nil
	}
	s.kind = list
	return c.findKeys(s, t.Elem(), l)
}

func (c *compiler) findKeys(s *shape, item reflect.Type, l *schema.List) error {
	atom, ok := c.types.Resolve(l.ElementType)
	if !ok || atom.Map == nil || item.Kind() != reflect.Struct {
		return fmt.Errorf("the items of []%s have no fields", item)
	}
	zero := reflect.New(item).Elem()
	for _, name := range slices.Sorted(slices.Values(l.Keys)) {
		entry := value.TypeReflectEntryOf(item).Fields()[name]
		if entry == nil {
			return fmt.Errorf("%s has no field %s", item, name)
		}
		t := entry.GetFrom(zero).Type()
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if entry.TypeEntry.CanConvertToUnstructured() || t.Kind() != reflect.String && !isInteger(t) {
			return fmt.Errorf("%s.%s is no key", item, name)
		}
		k := key{FieldCacheEntry: entry}
		if described, ok := atom.Map.FindField(name); ok {
			switch missing := described.Default.(type) {
			case nil, string:
				k.missing = missing
			case int:
				k.missing = int64(missing)
			default:
				return fmt.Errorf("%s.%s has a default of type %T", item, name, missing)
			}
		}
		s.keys = append(s.keys, k)
	}
	return nil
}

// without is s without a field.
func (s *shape) without(name []string) *shape {
	i := slices.IndexFunc(s.fields, func(f field) bool { return f.JsonName == name[0] })
	if i < 0 {
		return s
	}
	less := *s
	less.fields = slices.Clone(s.fields)
	if len(name) == 1 {
		less.fields = slices.Delete(less.fields, i, i+1)
	} else {
		less.fields[i].shape = less.fields[i].shape.without(name[1:])
	}
	return &less
}
