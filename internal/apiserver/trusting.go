package apiserver

import (
	"reflect"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// trustingConverter does not check Go objects against their schema when a
// write is only to be noted (typed.AllowDuplicates says so): their type says
// the same, and the check made a sixth of what a patch allocates. What users
// apply comes unstructured, and is checked.
type trustingConverter struct {
	managedfields.TypeConverter
	known sync.Map // of reflect.Type: *typed.TypedValue, an empty object with its schema
}

// ObjectToTyped is obj with its schema.
func (c *trustingConverter) ObjectToTyped(obj runtime.Object, o ...typed.ValidationOptions) (*typed.TypedValue, error) {
	if _, free := obj.(*unstructured.Unstructured); free || !slices.Contains(o, typed.AllowDuplicates) {
		return c.TypeConverter.ObjectToTyped(obj, o...)
	}
	like, err := c.like(obj)
	if err != nil {
		return nil, err
	}
	v, err := value.NewValueReflect(obj)
	if err != nil {
		return nil, err
	}
	return typed.AsTypedUnvalidated(v, like.Schema(), like.TypeRef()), nil
}

// like is a checked object of the same type.
func (c *trustingConverter) like(obj runtime.Object) (*typed.TypedValue, error) {
	t := reflect.TypeOf(obj)
	if known, ok := c.known.Load(t); ok {
		return known.(*typed.TypedValue), nil
	}
	empty := reflect.New(t.Elem()).Interface().(runtime.Object)
	empty.GetObjectKind().SetGroupVersionKind(obj.GetObjectKind().GroupVersionKind())
	checked, err := c.TypeConverter.ObjectToTyped(empty, typed.AllowDuplicates)
	if err == nil {
		c.known.Store(t, checked)
	}
	return checked, err
}
