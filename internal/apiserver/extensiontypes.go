package apiserver

import (
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"skiff/internal/apiserver/openapi"
)

// extensionTypes is a type converter that knows the built-in kinds by the
// schemas of client-go, and those whose Go types are skiff's own by theirs.
type extensionTypes struct {
	managedfields.TypeConverter // of the built-in kinds
	own                         func() (managedfields.TypeConverter, error)
}

// withExtensionTypes adds the schemas of extension kinds to those of builtin,
// once they are asked for.
func withExtensionTypes(builtin managedfields.TypeConverter) managedfields.TypeConverter {
	return &extensionTypes{builtin, sync.OnceValues(func() (managedfields.TypeConverter, error) {
		schemas, err := openapi.ExtensionSchemas()
		if err != nil {
			return nil, err
		}
		return managedfields.NewTypeConverter(schemas, false)
	})}
}

// ObjectToTyped is obj with its schema.
func (c *extensionTypes) ObjectToTyped(obj runtime.Object, o ...typed.ValidationOptions) (*typed.TypedValue, error) {
	if !openapi.IsExtension(obj.GetObjectKind().GroupVersionKind().Group) {
		return c.TypeConverter.ObjectToTyped(obj, o...)
	}
	own, err := c.own()
	if err != nil {
		return nil, err
	}
	return own.ObjectToTyped(obj, o...)
}
