package codec

import (
	"reflect"

	"github.com/go-json-experiment/json"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
)

// UnmarshalStrict reads JSON into a struct, which must be empty where the JSON
// says something, and lists the fields that are unknown or named twice. It does
// what the function of this name in sigs.k8s.io/json does, which it asks only
// where something is amiss: what is as it should be is read in less than half
// the time.
func UnmarshalStrict(data []byte, into any) (faults []error, err error) {
	if flawless(data, into, func() bool { return true }) {
		return nil, nil
	}
	return kjson.UnmarshalStrict(data, into)
}

// flawless reads JSON into a struct. If there is anything to say against it, or
// what was read is not what is wanted, it leaves the struct as it was.
func flawless(data []byte, into any, wanted func() bool) bool {
	v := reflect.ValueOf(into).Elem()
	before := reflect.New(v.Type()).Elem()
	before.Set(v)
	if json.Unmarshal(data, into, json.RejectUnknownMembers(true)) == nil && wanted() {
		return true
	}
	v.Set(before)
	return false
}

// ofKind says whether an object is of a kind, as far as it names its own.
func ofKind(obj runtime.Object, kind schema.GroupVersionKind) bool {
	version, name := obj.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	return (version == "" || version == kind.GroupVersion().String()) && (name == "" || name == kind.Kind)
}
