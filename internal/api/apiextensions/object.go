package apiextensions

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/tagproto"
)

// GroupVersion of the kind. Its types are not in k8s.io/api; the module that
// has them would bring the generic server along.
var GroupVersion = schema.GroupVersion{Group: "apiextensions.k8s.io", Version: "v1"}

// AddToScheme makes the types known under their kinds.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypeWithName(GroupVersion.WithKind("CustomResourceDefinition"), &Object{})
	s.AddKnownTypeWithName(GroupVersion.WithKind("CustomResourceDefinitionList"), &List{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}

const models = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."

// OpenAPIModelName is the name of the type's schema.
func (Object) OpenAPIModelName() string { return models + "CustomResourceDefinition" }

// OpenAPIModelName is the name of the type's schema.
func (List) OpenAPIModelName() string { return models + "CustomResourceDefinitionList" }

// DeepCopy copies all that an Object points to.
func (o *Object) DeepCopy() *Object {
	out := *o
	out.ObjectMeta = *o.ObjectMeta.DeepCopy()
	detach(reflect.ValueOf(&out.Spec).Elem())
	detach(reflect.ValueOf(&out.Status).Elem())
	return &out
}

// detach replaces all that v points to by copies. It is for a type of some
// sixty pointers, lists and maps that is written a few times a day.
func detach(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		fresh := reflect.New(v.Type().Elem())
		fresh.Elem().Set(v.Elem())
		detach(fresh.Elem())
		v.Set(fresh)
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		for i := range fresh.Len() {
			detach(fresh.Index(i))
		}
		v.Set(fresh)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
		for entries := v.MapRange(); entries.Next(); {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(entries.Value())
			detach(element)
			fresh.SetMapIndex(entries.Key(), element)
		}
		v.Set(fresh)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() { // not what a time keeps to itself
				detach(f)
			}
		}
	}
}

// DeepCopyObject implements runtime.Object.
func (o *Object) DeepCopyObject() runtime.Object { return o.DeepCopy() }

// DeepCopyObject implements runtime.Object.
func (l *List) DeepCopyObject() runtime.Object {
	out := *l
	out.ListMeta = *l.ListMeta.DeepCopy()
	out.Items = make([]Object, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopy()
	}
	return &out
}

// Reset empties the object, as the protobuf decoder wants it.
func (o *Object) Reset() { *o = Object{} }

// Marshal is the object's protobuf message.
func (o *Object) Marshal() ([]byte, error) { return tagproto.Marshal(o) }

// MarshalTo and its kin are what the store and the codec call.
func (o *Object) MarshalTo(b []byte) (int, error) {
	data, err := o.Marshal()
	return copy(b, data), err
}

// Size is the length of the message.
func (o *Object) Size() int {
	data, err := o.Marshal()
	if err != nil {
		panic(err) // the type has a form for all its fields; a test encodes each
	}
	return len(data)
}

// MarshalToSizedBuffer writes the message to the end of b.
func (o *Object) MarshalToSizedBuffer(b []byte) (int, error) {
	data, err := o.Marshal()
	if err != nil || len(data) > len(b) {
		return 0, err
	}
	return copy(b[len(b)-len(data):], data), nil
}

// Unmarshal reads a message.
func (o *Object) Unmarshal(data []byte) error { return tagproto.Unmarshal(data, o) }
