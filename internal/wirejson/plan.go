package wirejson

import (
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Plan says how messages of one Go type are written.
type Plan struct {
	fields []field // by protobuf number
	// always are the numbers of fields that are written even when the
	// message has none: a bit each.
	always uint64
}

// field says how a field is written. What nearly every one needs comes first,
// in one line of the processor's cache.
type field struct {
	shape    shape
	omitZero bool     // nothing is written when the content is empty or 0
	short    [32]byte // key, when it fits
	key      string   // `,"name":`
	value
	absent []byte // what is written when the message lacks it
	inline *Plan  // of the content
}

// value says how the content of a field, of an element or of a map entry is
// written.
type value struct {
	text    bool  // append writes a string as it is
	time    bool  // append writes a time
	message *Plan // append writes a message by this plan
	append  func(dst []byte, f wire) ([]byte, error)
	zero    []byte // JSON of the zero value
}

// name is the member's name.
func (f *field) name() string { return f.key[2 : len(f.key)-2] }

// shape says how a field stands in its object.
type shape uint8

const (
	none    shape = iota // there is no such field
	single               // a member
	inlined              // its own members are among the object's
	// A list or a map comes in many fields, one after the other.
	repeated
	mapped
)

// Only is the plan of some members alone, by their JSON names.
func (p *Plan) Only(members []string) *Plan {
	some := &Plan{fields: make([]field, len(p.fields))}
	for n, f := range p.fields {
		if f.shape != none && slices.Contains(members, f.name()) {
			some.fields[n] = f
			some.always |= p.always & (1 << n)
		}
	}
	return some
}

// known are the plans made so far; nil for a type that has none.
var known = struct {
	sync.RWMutex
	plans map[reflect.Type]*Plan
}{plans: map[reflect.Type]*Plan{}}

// For is the plan of a struct type that has protobuf tags.
func For(t reflect.Type) (*Plan, error) {
	known.RLock()
	p, found := known.plans[t]
	known.RUnlock()
	var err error
	if !found {
		p, err = makePlan(t)
	}
	if p == nil {
		return nil, fmt.Errorf("%s cannot be written from protobuf: %w", t, cmp.Or(err, errors.ErrUnsupported))
	}
	return p, nil
}

func makePlan(t reflect.Type) (*Plan, error) {
	known.Lock()
	defer known.Unlock()
	b := builder{made: map[reflect.Type]*Plan{}}
	p, err := b.plan(t)
	if err != nil {
		known.plans[t] = nil
		return nil, err
	}
	maps.Copy(known.plans, b.made)
	return p, nil
}

// builder makes the plans of a type and of those it is made of, which may
// contain themselves. It holds known's lock.
type builder struct{ made map[reflect.Type]*Plan }

func (b *builder) plan(t reflect.Type) (*Plan, error) {
	if p := cmp.Or(b.made[t], known.plans[t]); p != nil {
		return p, nil
	}
	p := &Plan{}
	b.made[t] = p
	for i := range t.NumField() {
		if err := b.addField(p, t.Field(i)); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, t.Field(i).Name, err)
		}
	}
	return p, nil
}

func (b *builder) addField(p *Plan, sf reflect.StructField) error {
	tag := sf.Tag.Get("protobuf")
	name, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
	if tag == "" || name == "-" {
		return nil // TypeMeta, which protobuf has outside of the message
	}
	number, err := strconv.Atoi(strings.Split(tag, ",")[1])
	if err != nil || number >= 64 {
		return errors.New("its protobuf number does not fit")
	}
	f := field{key: `,"` + name + `":`, shape: single}
	copy(f.short[:], f.key)
	omitEmpty, omitZero := strings.Contains(options, "omitempty"), strings.Contains(options, "omitzero")
	t := sf.Type
	switch {
	case t.Kind() == reflect.Map:
		f.shape = mapped
		f.value, err = b.value(t.Elem())
		if t.Elem().Kind() == reflect.Slice && t.Elem().Elem().Kind() == reflect.Uint8 {
			f.zero = []byte(`""`) // bytes that are missing are none, and not null
		}
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 && !isMessage(t):
		f.shape = repeated
		f.value, err = b.value(t.Elem())
	case t.Kind() == reflect.Pointer:
		f.value, err = b.value(t.Elem())
	case name == "" && sf.Anonymous && t.Kind() == reflect.Struct:
		f.shape = inlined
		f.inline, err = b.plan(t)
	default:
		f.value, err = b.value(t)
		f.omitZero = omitZero || omitEmpty && t.Kind() != reflect.Struct
	}
	if err != nil {
		return err
	}
	for len(p.fields) <= number {
		p.fields = append(p.fields, field{})
	}
	p.fields[number] = f
	return p.noteAbsent(&p.fields[number], number, t, omitEmpty || omitZero)
}

// noteAbsent finds out what encoding/json writes when nothing is set.
func (p *Plan) noteAbsent(f *field, number int, t reflect.Type, omit bool) error {
	zero, err := json.Marshal(reflect.Zero(t).Interface())
	if err != nil {
		return err
	}
	switch {
	case f.inline != nil:
		f.absent = zero[1 : len(zero)-1]
	case t.Kind() == reflect.Struct && !f.omitZero, !omit:
		f.absent = append([]byte(f.key[1:]), zero...)
	}
	if len(f.absent) > 0 {
		p.always |= 1 << number
	}
	return nil
}

// isMessage says whether a type that is no struct has a protobuf message of
// its own around it.
func isMessage(t reflect.Type) bool {
	_, ok := reflect.New(t).Interface().(unmarshaler)
	return ok
}

type unmarshaler interface{ Unmarshal([]byte) error }

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

	// special are the types that have a JSON form of their own.
	special = map[reflect.Type]func(dst []byte, f wire) ([]byte, error){
		reflect.TypeFor[metav1.Time]():          appendTime,
		reflect.TypeFor[metav1.FieldsV1]():      appendRaw,
		reflect.TypeFor[runtime.RawExtension](): appendRaw,
		reflect.TypeFor[resource.Quantity]():    appendQuantity,
		reflect.TypeFor[intstr.IntOrString]():   appendIntOrString,
	}
)

// value says how a type is written that is neither map nor list.
func (b *builder) value(t reflect.Type) (v value, err error) {
	if v.zero, err = json.Marshal(reflect.Zero(t).Interface()); err != nil {
		return v, err
	}
	switch {
	case special[t] != nil:
		v.append, v.time = special[t], t == reflect.TypeFor[metav1.Time]()
	case reflect.PointerTo(t).Implements(jsonMarshaler), reflect.PointerTo(t).Implements(textMarshaler), t.Kind() != reflect.Struct && isMessage(t):
		if !isMessage(t) {
			return v, errors.New("its JSON is its own secret")
		}
		v.append = decoded(t)
	default:
		v.append, err = b.plain(t)
		v.text = t.Kind() == reflect.String
		if t.Kind() == reflect.Struct {
			v.message = b.made[t]
			if v.message == nil {
				v.message = known.plans[t]
			}
		}
	}
	return v, err
}

func (b *builder) plain(t reflect.Type) (func([]byte, wire) ([]byte, error), error) {
	switch t.Kind() {
	case reflect.Struct:
		p, err := b.plan(t)
		if err != nil {
			return nil, err
		}
		return func(dst []byte, f wire) ([]byte, error) {
			if f.kind != bytesType {
				return dst, errWire
			}
			return p.Append(dst, f.body)
		}, nil
	case reflect.String:
		return appendText, nil
	case reflect.Bool:
		return appendBool, nil
	case reflect.Int32, reflect.Int64:
		return appendInt, nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return appendBase64, nil
		}
	}
	return nil, fmt.Errorf("%s has no plan", t)
}
