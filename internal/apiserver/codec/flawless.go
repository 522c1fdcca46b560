package codec

import (
	"reflect"

	"github.com/go-json-experiment/json"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Flawless reads JSON into an object that is empty where the JSON says
// something, as UnmarshalStrict of sigs.k8s.io/json does, but in half the time
// and only if there is nothing to say against it. If there is, that function
// has to be asked, for an object that is empty again.
func Flawless(data []byte, into any) bool {
	return json.Unmarshal(data, into, json.RejectUnknownMembers(true)) == nil
}

// flawlessOf is Flawless for an empty object of a kind, which the JSON may name
// or not. Otherwise it leaves the object empty.
func flawlessOf(kind schema.GroupVersionKind, data []byte, into runtime.Object) bool {
	if Flawless(data, into) && ofKind(into, kind) {
		return true
	}
	reflect.ValueOf(into).Elem().SetZero()
	return false
}

// ofKind says whether an object is of a kind, as far as it names its own.
func ofKind(obj runtime.Object, kind schema.GroupVersionKind) bool {
	version, name := obj.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	return (version == "" || version == kind.GroupVersion().String()) && (name == "" || name == kind.Kind)
}
